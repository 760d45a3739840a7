"""From an order to what FCM takes. Pure.

https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages
"""

from __future__ import annotations

import json
from typing import Any

from firebase_admin import messaging

from delivery.providers.port import Order
from foundation.errors import PermanentForAddress, PermanentForMessage

MAX_BYTES = 4_096
LONGEST_TTL_S = 4 * 7 * 24 * 3_600
AT_ONCE = frozenset({"critical", "high"})


def message_of(order: Order, *, now: int, android_channel: str = "") -> messaging.Message:
    """The message for `order` at `now` (ms).

    Raises PermanentForMessage or PermanentForAddress for what FCM can't take.
    """
    if not order.send.address:
        raise PermanentForAddress("The address is empty.", provider_code="INVALID_ARGUMENT")
    content = order.content
    if not (content.title or content.body):
        raise PermanentForMessage(
            "The message has neither title nor body; give its template one.", provider_code="empty"
        )
    message = messaging.Message(
        notification=messaging.Notification(
            title=content.title or None, body=content.body or None, image=content.image or None
        ),
        data=_data(order),
        android=_android(order, now, android_channel),
        fid="",
    )
    # Given to the constructor it warns: Google prefers installation ids, but tokens are what apps register.
    message.fid, message.token = None, order.send.address
    _check_size(message)
    return message


def size(message: messaging.Message) -> int:
    """Bytes of what counts against FCM's limit: notification and data."""
    told = message.notification
    shown = {"title": told.title, "body": told.body, "image": told.image}
    whole: dict[str, Any] = {"notification": {name: text for name, text in shown.items() if text}, "data": message.data}
    try:
        return len(json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode())
    except UnicodeEncodeError as error:
        raise PermanentForMessage(
            "The message holds half a character (a lone surrogate), which no device can show.", provider_code="text"
        ) from error


def _data(order: Order) -> dict[str, str]:
    """What the app needs to open the right place and to tell that it was opened; FCM takes strings alone."""
    content = order.content
    data = {"notification_id": order.notification_id, "type": order.type, "action_url": content.action_url}
    if content.data:
        data["data"] = json.dumps(content.data, ensure_ascii=False, separators=(",", ":"))
    return {name: text for name, text in data.items() if text}


def _android(order: Order, now: int, channel: str) -> messaging.AndroidConfig:
    ttl = None if order.expires_at is None else min(max(0, (order.expires_at - now) // 1_000), LONGEST_TTL_S)
    return messaging.AndroidConfig(
        collapse_key=order.collapse_key,
        priority="high" if order.priority in AT_ONCE else "normal",
        ttl=ttl,
        notification=messaging.AndroidNotification(
            channel_id=channel or order.category, tag=order.collapse_key, notification_count=order.badge
        ),
    )


def _check_size(message: messaging.Message) -> None:
    size_now = size(message)
    if size_now > MAX_BYTES:
        raise PermanentForMessage(
            f"Notification and data have {size_now:,} bytes, FCM takes {MAX_BYTES:,}: shorten the push template by "
            f"{size_now - MAX_BYTES:,} bytes or send less data.",
            provider_code="INVALID_ARGUMENT",
        )
