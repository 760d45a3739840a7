"""What beat ticks: releasing what is due, and keeping house. Each tick is idempotent; two beats do no harm."""

from __future__ import annotations

from celery import shared_task

from delivery import housekeeping as house
from delivery import scheduling


@shared_task(name="delivery.stages.release_due", ignore_result=True)
def release_due() -> None:
    scheduling.release(("standard", "bulk"))


@shared_task(name="delivery.stages.release_due_critical", ignore_result=True)
def release_due_critical() -> None:
    scheduling.release(("critical",))


@shared_task(name="delivery.stages.housekeeping", ignore_result=True)
def housekeeping() -> None:
    house.keep()
