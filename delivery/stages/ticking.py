"""What beat ticks: releasing what is due, and keeping house. Each tick is idempotent; two beats do no harm."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from celery import shared_task

from delivery import account_settings, letter_jobs, scheduling
from delivery import housekeeping as house
from foundation.control_plane import control_plane
from foundation.errors import Unreachable
from foundation.redis import Unreachable as RedisUnreachable
from preferences.imports import jobs
from templates_app import publishing

IMPORT_SLICE_S = 1.0

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


@shared_task(name="delivery.stages.import_people", ignore_result=True)
def import_people() -> None:
    """Goes on with the files of people that are on their way in, for a moment: what is due mustn't wait behind it."""
    try:
        jobs.advance(IMPORT_SLICE_S)
    except (Unreachable, *RedisUnreachable) as error:
        log.warning("imports wait, a server is away", why=str(error))


@shared_task(name="delivery.stages.housekeeping", ignore_result=True)
def housekeeping() -> None:
    house.keep()


@shared_task(name="delivery.stages.publish_templates", ignore_result=True)
def publish_templates() -> None:
    """Words whose time has come (`templates_app.publishing`); each is published once, by whichever tick locks it."""
    try:
        with control_plane():
            versions = publishing.publish_due()
    except Unreachable as error:
        log.warning("no templates published, a server is away", why=str(error))
        return
    for version in versions:
        log.info("template published at its time", type=version.type.name, version=version.number)
