"""Questions asked at the same time, each with the same patience: one that hangs holds up no other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from django.db import connections

from foundation.errors import PlatformError

Question = Callable[[], Any]


class NoAnswer(PlatformError):
    """It may still come; nobody waits for it."""


def ask(questions: Mapping[str, Question], seconds: float) -> dict[str, Any]:
    """The answer of each by name: what it returned, what it raised, or NoAnswer after `seconds`."""
    answers: dict[str, Any] = {}
    threads = [
        threading.Thread(target=_ask, args=(name, question, answers), name=f"ask-{name}", daemon=True)
        for name, question in questions.items()
    ]
    until = time.monotonic() + seconds
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    late = NoAnswer(f"no answer within {seconds:g} s")
    return {name: answers.get(name, late) for name in questions}


def _ask(name: str, question: Question, answers: dict[str, Any]) -> None:
    try:
        answers[name] = question()
    except Exception as error:  # it is the answer, and its asker's to judge
        answers[name] = error
    finally:
        connections.close_all()
