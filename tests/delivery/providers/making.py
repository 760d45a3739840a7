"""Given for the adapters' tests: orders as the delivery stage makes them."""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_URL, uuid5

from delivery.providers.port import Order
from foundation.clock import now_ms
from notifications.records import Send
from templates_app.content import Content

ROOM_MS = 8_000


def order(address: str, *, platform: str = "", room_ms: int = ROOM_MS, **fields: Any) -> Order:
    """An order to `address` whose deadline is in `room_ms`; anything of `Order` may be given."""
    send = Send(id=str(uuid5(NAMESPACE_URL, address)), address=address, platform=platform)
    given = {
        "send": send,
        "notification_id": "notif_1",
        "user": "usr_1",
        "channel": "push",
        "type": "order_shipped",
        "category": "order_updates",
        "priority": "high",
        "content": Content(title="Shipped", body="Order A-17 is on its way"),
        "attempt": 1,
        "deadline": now_ms() + room_ms,
    }
    return Order(**(given | fields))
