"""All that is known of one user, as one JSON file: for the user who asks. Streamed, however long the timeline is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from foundation.clock import now_ms, to_rfc3339
from foundation.errors import NotFound
from notifications import timeline
from notifications.store import get_store
from notifications.store.port import InboxEntry, Position
from preferences.models import DeliverySummary, InvalidAddress, Suppression, SuppressionChange, User

PAGE = 200
FORMAT = "application/json"

_encode = msgspec.json.Encoder(order="deterministic").encode


def export(user_id: str) -> Iterator[bytes]:
    """The file in pieces. Raises NotFound before the first; StoreUnavailable in the middle ends it, unreadable."""
    user = User.objects.filter(user_id=user_id).first()
    if user is None:
        raise NotFound(f"Nobody has registered the user “{user_id}”.", remedy="Check the id.")
    return _pieces(user)


def _pieces(user: User) -> Iterator[bytes]:
    head = {"exported_at": to_rfc3339(now_ms()), **_known(user)}
    yield _encode(head)[:-1]
    yield b',"inbox":['
    yield from _listed(_inbox(user.user_id))
    yield b'],"notifications":['
    yield from _listed(_notifications(user.user_id))
    yield b"]}\n"


def _known(user: User) -> dict[str, Any]:
    """The control plane's rows."""
    devices = list(user.devices.values("device_id", "platform", "token", "name", "registered_at"))
    addresses = [address for address in (user.email, user.phone, *(each["token"] for each in devices)) if address]
    names = ("user_id", "locale", "time_zone", "email", "phone", "attributes", "quiet_hours")
    times = ("last_active", "erased_at", "created_at", "updated_at")
    return {
        "user": {name: getattr(user, name) for name in (*names, *times)},
        "devices": devices,
        "preferences": list(user.preference_rows.values("scope", "channel", "enabled", "updated_at")),
        "suppressions": _rows(Suppression, addresses, "address", "channel", "reason", "note", "created_at"),
        "suppression_changes": _rows(SuppressionChange, addresses, "address", "channel", "action", "reason", "at"),
        "dead_addresses": list(InvalidAddress.objects.filter(user=user).values("channel", "address", "created_at")),
        "lists": list(user.lists.values_list("list__name", flat=True)),
        "deliveries_by_day": list(
            DeliverySummary.objects.filter(user=user.user_id).values(
                "type", "channel", "sent_on", "engaged_on", "failed_on"
            )
        ),
    }


def _rows(model: Any, addresses: list[str], *columns: str) -> list[dict[str, Any]]:
    return list(model.objects.filter(address__in=addresses).values(*columns))


def _inbox(user_id: str) -> Iterator[dict[str, Any]]:
    for archived in (False, True):
        before: Position | None = None
        while True:
            page = get_store().inbox_page(user_id, limit=PAGE, before=before, archived=archived)
            yield from (_message(each) for each in page.entries)
            if page.next is None:
                break
            before = page.next


def _message(entry: InboxEntry) -> dict[str, Any]:
    row = entry.row
    states = {"read": entry.read, "seen": entry.seen, "opened": entry.opened, "archived": entry.archived}
    return {
        "notification_id": row.id,
        "at": to_rfc3339(row.at),
        "type": row.type,
        "category": row.category,
        "content": row.content,
        **states,
    }


def _notifications(user_id: str) -> Iterator[dict[str, Any]]:
    """Each with its decision, its data and every attempt, newest first."""
    store = get_store()
    before: int | None = None
    told: set[str] = set()
    while True:
        page = store.user_timeline(user_id, limit=PAGE, before=before)
        ids = [id for id in dict.fromkeys(each.decision.id for each in page) if id not in told]
        decided, cells = store.details(ids), store.timelines(ids)
        for id in ids:
            yield timeline.told([each.decision for each in decided[id]], cells.get(id, []))
        if len(page) < PAGE:
            return
        told = set(ids)
        # The moment of the last is read again: others may share it.
        following = page[-1].decision.event.now + 1
        before = following - 1 if before is not None and following >= before else following


def _listed(things: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    separator = b""
    for each in things:
        yield separator + _encode(each)
        separator = b","
