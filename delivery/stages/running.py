"""How a stage runs as a Celery task: its deadline, its start mark, its word to the bridge, its errors.

Celery retries nothing here (one owner of retries): what goes wrong is told to the bridge, which sends the batch again.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, NoReturn

import structlog
from auditlog.context import disable_auditlog
from celery import Task, shared_task
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
PREFIX = "delivery.stages."

_stages: dict[str, Stage] = {}


class Stage(NamedTuple):
    """A stage as chains name it: a function from `kind` to the next stage's batch, to None if it is the last."""

    name: str
    kind: type[Envelope]
    function: Callable[[Any], Envelope | None]
    last: bool


def stage(name: str, kind: type[Envelope], *, last: bool = False) -> Callable[..., Any]:
    """Makes the task `delivery.stages.<name>` of a function from `kind` to the next stage's batch (None if `last`).

    The task takes the key under which its batch lies (delivery/payloads.py). In a chain the worker goes on with the
    batch in its hands: the stages that follow are no messages of their own (docs/decisions/0008). Called alone it
    returns the key under which the next stage's batch lies.
    """

    def register(function: Callable[[Any], Envelope | None]) -> Any:
        own = _stages[PREFIX + name] = Stage(name, kind, function, last)

        @shared_task(name=PREFIX + name, bind=True, ignore_result=True, acks_late=True)
        @functools.wraps(function)
        def task(self: Task, where: str) -> str | None:
            batch = payloads.take(where, kind)
            if batch is None:
                raise Ignore("the batch is gone: its bridge sends it again")
            return _run_all([own, *_taken_over(self.request)], batch)

        return task

    return register


def _taken_over(request: Any) -> list[Stage]:
    """The stages that follow in the chain, in order; Celery has nothing left of it to send on."""
    following = [_stages[signature["task"]] for signature in reversed(request.chain or ())]
    request.chain = None
    return following


def _run_all(stages: Sequence[Stage], batch: Envelope) -> str | None:
    """Runs them one after the other; a batch past its deadline is left to whoever gets it next."""
    words.mark_start(batch.id)
    handed: Envelope | None = batch
    for each in stages:
        if handed is not None:
            handed = _run(each, handed)
    if stages[-1].last:
        words.say(batch.reply, Word(batch.id, words.SETTLED))
        return None
    try:
        where = None if handed is None else payloads.put(handed)
    except AWAY as error:
        _give_back(stages[-1].name, batch, words.LATER, error)
    words.mark_end(batch.id)
    return where


def _run(stage: Stage, batch: Envelope) -> Envelope | None:
    with tracing.working_on(functools.partial(named, batch)), bound_contextvars(batch=batch.id, topic=batch.topic):
        began = time.perf_counter()
        try:
            if now_ms() > batch.deadline:
                raise DeadlinePassed(batch.id)
            with control_plane(), disable_auditlog():
                result = stage.function(batch)
        except DeadlinePassed as error:
            meters.STAGE_ENDS.labels(stage.name, "deadline").inc()
            words.mark_end(batch.id)
            raise Ignore(f"deadline passed: {error}") from error
        except AWAY as error:
            _give_back(stage.name, batch, words.LATER, error)
        except Exception as error:
            log.exception("stage failed", stage=stage.name)
            _give_back(stage.name, batch, words.FAILED, error)
        took = time.perf_counter() - began
        meters.STAGE.labels(stage.name).observe(took)
        meters.STAGE_ENDS.labels(stage.name, "done").inc()
        log.debug("stage done", stage=stage.name, ms=int(took * 1_000))
        return result


def _give_back(stage: str, batch: Envelope, word: str, error: Exception) -> NoReturn:
    meters.STAGE_ENDS.labels(stage, word).inc()
    close_old_connections()
    words.say(batch.reply, Word(batch.id, word, f"{type(error).__name__}: {error}"[:500]))
    raise Ignore(str(error)) from error
