"""A recalled broadcast leaves the inboxes it was written to, a portion at a time (contract §7, issue 6 §3).

Its rows become archived and read: they are in no page, no count and no badge. Done again that changes nothing, so the
place is kept after each portion. Those of a pull broadcast leave when their inbox is looked at (pull.py).
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


def step(row: Broadcast, walk: Walk) -> bool:
    """Clears the next inboxes; whether that were the last. `walk` is changed and saved.

    Raises StoreUnavailable, redis.ConnectionError, ControlPlaneUnavailable: the same portion comes again.
    """
    keys = [] if row.pull or "in_app" not in row.channels else _next(row, walk)
    if keys:
        _clear(row, keys)
        walk.recalled_to = keys[-1]
    walk.is_recalled = not keys
    walk.save(update_fields=["recalled_to", "is_recalled"])
    return walk.is_recalled


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
