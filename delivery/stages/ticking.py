"""What beat ticks: releasing what is due, and keeping house. Each tick is idempotent; two beats do no harm."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from celery import shared_task

from delivery import account_settings, letter_jobs, scheduling
from delivery import housekeeping as house
from foundation.errors import Unreachable
from foundation.redis import Unreachable as RedisUnreachable

log = structlog.get_logger(__name__)


@shared_task(name="delivery.stages.release_due", ignore_result=True)
def release_due() -> None:
    _release(("standard", "bulk"))
    for task in (account_settings.publish_anew, letter_jobs.tick):
        try:
            task()
        except (Unreachable, *RedisUnreachable) as error:
            log.warning("left to the next tick, a server is away", task=task.__name__, why=str(error))


@shared_task(name="delivery.stages.release_due_critical", ignore_result=True)
def release_due_critical() -> None:
    _release(("critical",))


def _release(lanes: Sequence[str]) -> None:
    """What is due stays due while a server is away: the next tick takes it."""
    try:
        scheduling.release(lanes)
    except Unreachable as error:
        log.warning("nothing released, a server is away", lanes=list(lanes), why=str(error))


@shared_task(name="delivery.stages.housekeeping", ignore_result=True)
def housekeeping() -> None:
    house.keep()
