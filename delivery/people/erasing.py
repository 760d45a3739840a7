"""Erasing a user everywhere: one table of places, each emptied at once, looked at again, and a last time at the end.

What was under way when it began may still write a little; so all places are emptied once more after an hour, and when
the log has forgotten. A place that is away stays outstanding, and is gone on with each minute by housekeeping; so is a
broadcast that is walking over the user's row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import msgspec
import structlog
from auditlog.context import disable_auditlog
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q
from django.utils import timezone

from delivery import dead_letters
from delivery.models import DeadLetter, QuarantinedRecord
from delivery.people import trail
from delivery.providers.sandbox.models import OutboxMessage
from foundation.clock import now_ms
from foundation.control_plane import control_plane, one_transaction
from foundation.errors import PoisonRecord, Unreachable
from foundation.redis import Unreachable as RedisUnreachable
from foundation.streaming import streamed
from notifications import unread
from notifications.broadcasts import audience
from notifications.due import table
from notifications.records import Event, decode, encode
from notifications.store import get_store
from notifications.topology import INTAKE_TOPICS
from preferences import erasure, limits
from preferences.models import Erasure, User

ONCE_MORE_AFTER = timedelta(hours=1)
UNDER_WAY = "a broadcast under way"
AT_ONCE = 20
"""Erasures that one round of housekeeping goes on with."""

log = structlog.get_logger(__name__)


def erase(user_id: str, *, by: str, note: str = "") -> Erasure:
    """Erases a user; returns the receipt. Again: the same receipt, and all places are looked at once more.

    Raises ControlPlaneUnavailable and `foundation.redis.Unreachable`: then nothing was done. What else is away stays
    in the receipt's `outstanding` and is gone on with.
    """
    return _sweep(erasure.begin(user_id, by=by, note=note, places=PLACES))


def carry_on() -> int:
    """Goes on with what is outstanding, due once more, or at its end; how many erasures. Called by housekeeping."""
    with control_plane():
        due = list(Erasure.objects.filter(next_at__lte=timezone.now()).order_by("next_at")[:AT_ONCE])
    for each in due:
        _sweep(each)
    return len(due)


def _sweep(receipt: Erasure) -> Erasure:
    user = receipt.user_id
    removed = dict(receipt.removed)
    outstanding: list[str] = []
    for name, empty in PLACES.items():
        try:
            count = empty(user)
        except (Unreachable, *RedisUnreachable) as error:
            log.warning("an erasure goes on later", receipt=receipt.receipt, place=name, why=str(error))
            outstanding.append(name)
            continue
        removed[name] = removed.get(name, 0) + count
    receipt.removed = {name: count for name, count in removed.items() if count}
    receipt.outstanding = outstanding
    receipt.next_at = _next_at(receipt, timezone.now())
    if receipt.next_at is None and not _forget(receipt):
        receipt.outstanding, receipt.next_at = [UNDER_WAY], timezone.now()
    with control_plane():
        receipt.save(update_fields=["removed", "outstanding", "next_at"])
        receipt.refresh_from_db()
    return receipt


@one_transaction
def _forget(receipt: Erasure) -> bool:
    """The last of it, the user's row; False while a broadcast under way counts on that."""
    key = User.objects.filter(user_id=receipt.user_id).values_list("pk", flat=True).first()
    if key is not None and audience.is_being_walked(key):
        return False
    with disable_auditlog():  # it would name the id again, after all places were looked at
        erasure.forget(receipt)
    return True


def _next_at(receipt: Erasure, now: datetime) -> datetime | None:
    """None: everything is out of every place, and the log has forgotten."""
    if receipt.outstanding:
        return now
    once_more = receipt.at + ONCE_MORE_AFTER
    return once_more if now < once_more else receipt.gone_by if now < receipt.gone_by else None


def _waiting(user: str) -> int:
    """Brought forward to be decided now: routing drops it, so that every notification keeps its outcome."""
    return table.bring_forward(user, now_ms())


def _dead_letters(user: str) -> int:
    letters = DeadLetter.objects.filter(user=user)
    dead_letters.drop(letters)
    with control_plane():
        return letters.delete()[0]


def _redis(user: str) -> int:
    unread.forget(user)
    limits.forget(user)
    return 0


def _outbox(user: str) -> int:
    with control_plane():
        return OutboxMessage.objects.filter(user=user).delete()[0]


def _quarantine(user: str) -> int:
    """Records nobody could handle: with the user alone they go, of many recipients the user is taken out."""
    count = 0
    wanted = user.encode()
    for key, topic, raw in streamed(QuarantinedRecord.objects.all(), "pk", "topic", "raw"):
        if wanted not in bytes(raw):
            continue
        rest = _without(topic, bytes(raw), user)
        row = QuarantinedRecord.objects.filter(pk=key)
        with control_plane():
            count += row.update(raw=rest) if rest else row.delete()[0]
    return count


def _without(topic: str, raw: bytes, user: str) -> bytes:
    """The event in `raw` for everybody else; empty where there is nobody, or nobody can say."""
    if topic not in INTAKE_TOPICS:
        return b""
    try:
        event = decode(Event, raw)
    except PoisonRecord:
        return b""
    others = [each for each in event.recipients if each.user != user]
    return encode(msgspec.structs.replace(event, recipients=others)) if others else b""


def _admin_history(user: str) -> int:
    """What staff did to the user's row: it names them."""
    with control_plane():
        key = User.objects.filter(user_id=user).values_list("pk", flat=True).first()
        kind = ContentType.objects.get_for_model(User)
        return LogEntry.objects.filter(Q(content_type=kind, object_id=str(key)) | Q(object_repr=user)).delete()[0]


PLACES: Mapping[str, Callable[[str], int]] = {
    "rows written meanwhile": lambda user: sum(erasure.remove_rows(user).values()),
    "waiting notifications": _waiting,
    "parked notifications": _dead_letters,
    "inbox and timeline": lambda user: get_store().forget_user(user),
    "counts and limits": _redis,
    "sandbox outbox": _outbox,
    "quarantine": _quarantine,
    "admin history": _admin_history,
    "audit trail": trail.forget,
}
"""Where something of a user may be; each function empties its place and says of how many things. The trail comes
last: what the others empty is written there."""
