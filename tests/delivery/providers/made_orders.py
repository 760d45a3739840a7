"""Orders as the deliver stage makes them."""

from __future__ import annotations

from typing import Any

from delivery.providers.port import Order
from foundation.clock import now_ms
from foundation.identifiers import new_notification_id, send_id
from notifications.records import Send
from templates_app.content import Content

CONTENT = Content(title="Shipped", body="Order A-17 is on its way.", html="<p>Order A-17 is on its way.</p>")

ALERT = Content(title="Shipped", body="Order A-17 is on its way")


def order(
    address: str, *, channel: str, platform: str = "", id: str = "", deadline_s: float = 10.0, **other: Any
) -> Order:
    """One send to `address`; `deadline_s` from now."""
    notification = id or new_notification_id()
    values: dict[str, Any] = {
        "user": "usr_1",
        "type": "order_shipped",
        "category": "order_updates",
        "priority": "normal",
        "content": CONTENT,
        "attempt": 1,
    }
    return Order(
        send=Send(send_id(notification, channel, address), address, platform),
        notification_id=notification,
        channel=channel,
        deadline=now_ms() + int(deadline_s * 1_000),
        **{**values, **other},
    )


def push(address: str, *, room_ms: int = 8_000, **other: Any) -> Order:
    """One push of the notification `notif_1` to a device."""
    given: dict[str, Any] = {"id": "notif_1", "priority": "high", "content": ALERT}
    return order(address, channel="push", deadline_s=room_ms / 1_000, **(given | other))
