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
