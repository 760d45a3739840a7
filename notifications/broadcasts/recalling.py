"""A recalled broadcast leaves the inboxes it was written to, a portion at a time (contract §7, issue 6 §3).

Its rows become archived and read: they are in no page, no count and no badge. Done again that changes nothing, so the
place is kept after each portion. It is done twice: at once, and when every batch has ended that was under way when it
was recalled. Those of a pull broadcast leave when their inbox is looked at (pull.py).
"""

from __future__ import annotations

from foundation.clock import now_ms
from foundation.identifiers import broadcast_notification_id
from notifications import announce, unread
from notifications.broadcasts import audience
from notifications.broadcasts.models import Broadcast, Walk
from notifications.store import get_store
from notifications.store.port import StateChange

AT_ONCE = 1_000
PASSES = 2
BATCHES_ENDED_MS = 15_000
"""Longer than a batch's deadline: what was in a worker's hands at the recall is in an inbox by then, or never."""


def step(row: Broadcast, walk: Walk) -> bool:
    """Clears the next inboxes; whether that were the last. `walk` is changed and saved.

    Raises StoreUnavailable, redis.ConnectionError, ControlPlaneUnavailable: the same portion comes again.
    """
    keys = [] if row.pull or "in_app" not in row.channels else _next(row, walk)
    if keys:
        _clear(row, keys)
        walk.recalled_to = keys[-1]
    else:
        walk.recalled_to, walk.recall_passes = -1, walk.recall_passes + 1
        walk.is_recalled = walk.recall_passes >= PASSES
    walk.save(update_fields=["recalled_to", "recall_passes", "is_recalled"])
    return walk.is_recalled


def waits(row: Broadcast, walk: Walk) -> bool:
    """Whether the last pass has to wait until the batches under way have ended."""
    return walk.recall_passes > 0 and now_ms() < (row.recalled_at or 0) + BATCHES_ENDED_MS


def _next(row: Broadcast, walk: Walk) -> list[int]:
    """Keys beyond the place, of all waves: who got nothing yet loses nothing by it."""
    found: list[int] = []
    for wave in audience.waves(row.pk):
        found += audience.window(row.pk, wave, after=walk.recalled_to, size=AT_ONCE)
    return sorted(found)[:AT_ONCE]


def _clear(row: Broadcast, keys: list[int]) -> None:
    at, users = now_ms(), audience.user_ids(keys)
    changes = [
        StateChange(user=user, id=broadcast_notification_id(row.pk, key), at=at, read=True, seen=True, archived=True)
        for key, user in users.items()
    ]
    with unread.changing_many([change.user for change in changes]):
        get_store().change_state(changes)
    announce.announce([(change.user, _gone(change.id)) for change in changes])


def _gone(id: str) -> announce.Frame:
    return {"type": "read", "ids": [id], "read": True, "seen": True, "archived": True}
