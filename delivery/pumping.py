"""Operators are told when a block of phone numbers, or a user, crosses the limit on SMS (preferences/sms_guard.py)."""

from __future__ import annotations

from collections.abc import Iterable

import structlog
from django.conf import settings

from delivery.alerts import AlertNote, raise_alerts
from foundation.errors import ControlPlaneUnavailable
from preferences import sms_guard
from preferences.limits import LimitEntry
from preferences.phone_numbers import BLOCK_DIGITS
from preferences.wording import SMS_GUARD_SETTING, limit_figure

KIND = "sms_pumping"

log = structlog.get_logger(__name__)


def alert(refused: Iterable[LimitEntry]) -> None:
    """Raises an alert for each block and user in `refused`, one in each of the limit's periods.

    What was refused stays so while the database is away; the log says it then.
    """
    notes = {note.identity: note for note in map(_note, refused) if note is not None}
    try:
        raise_alerts(list(notes.values()))
    except ControlPlaneUnavailable as error:
        log.error("sms_pumping_alert_not_kept", alerts=len(notes), error=str(error))


def _note(entry: LimitEntry) -> AlertNote | None:
    if entry.limit not in settings.SMS_GUARD_LIMITS:
        return None
    count, seconds = settings.SMS_GUARD_LIMITS[entry.limit]
    by_block = entry.limit == sms_guard.PREFIX
    whose = f"numbers {entry.user}{'x' * BLOCK_DIGITS}" if by_block else f"user {entry.user}"
    return AlertNote(
        identity=f"{KIND}:{entry.limit}:{entry.user}:{entry.now // (seconds * 1_000)}",
        kind=KIND,
        text=f"SMS to {whose} crossed {limit_figure(count, seconds)} and are dropped: this may be SMS pumping. Look "
        f"who asks for them; if they are real, raise {SMS_GUARD_SETTING[entry.limit]}.",
        detail={"limit": entry.limit, "whose": entry.user, "notification": entry.notification_id},
    )
