"""How a stage runs as a Celery task: its deadline, its start mark, its word to the bridge, its errors.

Celery retries nothing here (one owner of retries): what goes wrong is told to the bridge, which sends the batch again.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any

import structlog
from auditlog.context import disable_auditlog
from celery import shared_task
from celery.exceptions import Ignore
from django.db import close_old_connections
from structlog.contextvars import bound_contextvars

from delivery import payloads, words
from delivery.batch import Envelope
from delivery.naming import named
from delivery.words import Word
from foundation import meters, tracing
from foundation.clock import now_ms
from foundation.control_plane import control_plane
from foundation.errors import DeadlinePassed, Unreachable
from foundation.redis import Unreachable as RedisUnreachable

log = structlog.get_logger(__name__)

AWAY = (Unreachable, *RedisUnreachable)


def stage(name: str, kind: type[Envelope], *, last: bool = False) -> Callable[..., Any]:
    """Makes `delivery.stages.<name>` of a function from `kind` to the next stage's batch (None if `last`).

    The task takes and returns the key under which its batch lies (delivery/payloads.py).
    """

    def register(function: Callable[[Any], Envelope | None]) -> Any:
        @shared_task(name=f"delivery.stages.{name}", ignore_result=True, acks_late=True)
        @functools.wraps(function)
        def task(where: str) -> str | None:
            batch = payloads.take(where, kind)
            if batch is None:
                raise Ignore("the batch is gone: its bridge sends it again")
            return run(function, batch, last=last)

        return task

    return register


def run(function: Callable[[Any], Envelope | None], batch: Envelope, *, last: bool) -> str | None:
    """Runs one stage on one batch; a batch past its deadline is left to whoever gets it next."""
    with tracing.working_on(functools.partial(named, batch)), bound_contextvars(batch=batch.id, topic=batch.topic):
        return _run(function, batch, last=last)


def _run(function: Callable[[Any], Envelope | None], batch: Envelope, *, last: bool) -> str | None:
    words.mark_start(batch.id)
    name, began = function.__name__, time.perf_counter()
    try:
        if now_ms() > batch.deadline:
            raise DeadlinePassed(batch.id)
        with control_plane(), disable_auditlog():
            result = function(batch)
        where = None if result is None else payloads.put(result)
    except DeadlinePassed as error:
        meters.STAGE_ENDS.labels(name, "deadline").inc()
        words.mark_end(batch.id)
        raise Ignore(f"deadline passed: {error}") from error
    except AWAY as error:
        _give_back(name, batch, words.LATER, error)
    except Exception as error:
        log.exception("stage failed", stage=name)
        _give_back(name, batch, words.FAILED, error)
    took = time.perf_counter() - began
    meters.STAGE.labels(name).observe(took)
    meters.STAGE_ENDS.labels(name, "done").inc()
    log.debug("stage done", stage=name, ms=int(took * 1_000))
    if last:
        words.say(batch.reply, Word(batch.id, words.SETTLED))
    else:
        words.mark_end(batch.id)
    return where


def _give_back(stage: str, batch: Envelope, word: str, error: Exception) -> None:
    meters.STAGE_ENDS.labels(stage, word).inc()
    close_old_connections()
    words.say(batch.reply, Word(batch.id, word, f"{type(error).__name__}: {error}"[:500]))
    raise Ignore(str(error)) from error
