"""Why one user got a broadcast, or didn't: from the frozen audience and the ledger."""

from __future__ import annotations

import msgspec

from foundation.identifiers import broadcast_notification_id
from notifications import status
from notifications.broadcasts import book, ledger
from notifications.broadcasts.models import Broadcast
from notifications.words import sentence, status_sentence
from preferences.channels import LABELS
from preferences.models import User


class Found(msgspec.Struct, frozen=True):
    """What became of it for one user: a sentence, and a line (channel, status, sentence) for each channel."""

    said: str
    notification_id: str = ""
    channels: list[tuple[str, str, str]] = []


def of_user(row: Broadcast, user_id: str) -> Found:
    """What became of `row` for a user; of who was erased nothing is told."""
    key = User.objects.filter(user_id=user_id, erased_at=None).values_list("pk", flat=True).first()
    if key is None:
        return Found(f"There is no user “{user_id}”, or they were erased.")
    if not row.walk.is_frozen:
        return Found("Who gets it is decided when it starts.")
    if not book.belongs(row.pk, key):
        return Found(f"Wasn't in the segment “{row.segment}” when the broadcast started.")
    return of_member(row, key)


def lately_of(key: int, *, of_the_last: int = 20) -> list[tuple[Broadcast, Found]]:
    """The newest broadcasts that somebody (by numeric key) was in, newest first, and what became of each.

    Their outcomes stand in the ledger, not in the user's own timeline.
    """
    started = Broadcast.objects.filter(started_at__isnull=False).select_related("walk").order_by("-started_at")
    return [(row, of_member(row, key)) for row in started[:of_the_last] if book.belongs(row.pk, key)]


def of_member(row: Broadcast, key: int) -> Found:
    """What became of `row` for somebody of its frozen audience."""
    words = book.of_key(row.pk, key)
    lines = [(LABELS.get(channel, channel), *_line(words.get(channel))) for channel in row.channels]
    return Found("Was in the segment when it started.", broadcast_notification_id(row.pk, key), lines)


def _line(word: str | None) -> tuple[str, str]:
    if word is None:
        return "not yet", "Nothing was decided for this user yet."
    found, _, reason = word.partition(":")
    if found == ledger.AVAILABLE:
        return found, "It is there whenever the inbox is opened."
    said = sentence(reason) if reason else status_sentence(found) if found in status.STATUSES else ""
    return found, said
