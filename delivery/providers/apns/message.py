"""From an order to what APNs takes. Pure.

https://developer.apple.com/documentation/usernotifications/generating-a-remote-notification
https://developer.apple.com/documentation/usernotifications/sending-notification-requests-to-apns
"""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import UUID

from aioapns import NotificationRequest, PushType
from aioapns.common import PRIORITY_HIGH, PRIORITY_NORMAL

from delivery.providers.port import Order
from foundation.errors import PermanentForAddress, PermanentForMessage

MAX_BYTES = 4_096
MAX_COLLAPSE_BYTES = 64
AT_ONCE = frozenset({"critical", "high"})
TIME_SENSITIVE = frozenset({"critical"})
_TOKEN = re.compile(r"(?:[0-9a-fA-F]{2}){32,100}")


def request_of(order: Order, *, now: int) -> NotificationRequest:
    """The request for `order` at `now` (ms).

    Raises PermanentForMessage or PermanentForAddress for what APNs can't take.
    """
    if not _TOKEN.fullmatch(order.send.address):
        raise PermanentForAddress(
            "The address is no APNs device token (hexadecimal, 32 bytes or more).", provider_code="BadDeviceToken"
        )
    message = payload(order)
    _check_size(message)
    return NotificationRequest(
        device_token=order.send.address,
        message=message,
        notification_id=_apns_id(order),
        time_to_live=None if order.expires_at is None else max(0, (order.expires_at - now) // 1_000),
        priority=int(PRIORITY_HIGH if order.priority in AT_ONCE else PRIORITY_NORMAL),
        collapse_key=_collapse_id(order),
        push_type=PushType.ALERT,
    )


def payload(order: Order) -> dict[str, Any]:
    """`aps` for the system; beside it what the app needs to open the right place and to tell that it was opened."""
    content = order.content
    alert = {name: text for name, text in (("title", content.title), ("body", content.body)) if text}
    if not alert:
        raise PermanentForMessage(
            "The message has neither title nor body; give its template one.", provider_code="empty"
        )
    aps: dict[str, Any] = {"alert": alert, "sound": "default", "thread-id": order.category}
    aps["interruption-level"] = "time-sensitive" if order.priority in TIME_SENSITIVE else "active"
    if order.badge is not None:
        aps["badge"] = order.badge
    if content.image:
        aps["mutable-content"] = 1
    extra = {"action_url": content.action_url, "image": content.image, "data": content.data}
    own = {name: value for name, value in extra.items() if value}
    return {"aps": aps, "notification_id": order.notification_id, "type": order.type, **own}


def size(message: dict[str, Any]) -> int:
    """Bytes of the payload as aioapns writes it. Raises PermanentForMessage for what is no text."""
    try:
        return len(json.dumps(message, ensure_ascii=False).encode())
    except UnicodeEncodeError as error:
        raise PermanentForMessage(
            "The message holds half a character (a lone surrogate), which no device can show.", provider_code="text"
        ) from error


def _check_size(message: dict[str, Any]) -> None:
    size_now = size(message)
    if size_now > MAX_BYTES:
        raise PermanentForMessage(
            f"The payload has {size_now:,} bytes, APNs takes {MAX_BYTES:,}: shorten the push template by "
            f"{size_now - MAX_BYTES:,} bytes or send less data.",
            provider_code="PayloadTooLarge",
        )


def _apns_id(order: Order) -> str:
    try:
        return str(UUID(order.id))
    except ValueError as error:
        raise PermanentForMessage(f"The send's id is no UUID: {order.id}", provider_code="BadMessageId") from error


def _collapse_id(order: Order) -> str | None:
    if order.collapse_key is None:
        return None
    length = len(order.collapse_key.encode())
    if length > MAX_COLLAPSE_BYTES:
        raise PermanentForMessage(
            f"The collapse key has {length} bytes, APNs takes {MAX_COLLAPSE_BYTES}: give a shorter one.",
            provider_code="BadCollapseId",
        )
    return order.collapse_key
