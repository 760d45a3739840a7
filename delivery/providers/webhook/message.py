"""From an order to a signed call. Pure.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md: webhook-id is the same for
every attempt, so that a receiver knows a repeat; the signature covers id, time and body.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from standardwebhooks.webhooks import Webhook

from delivery.providers.port import Order
from foundation.clock import to_rfc3339
from foundation.errors import PermanentForMessage

BODY_MAX = 256 * 1024


class Call(msgspec.Struct, frozen=True):
    """What is posted."""

    body: bytes
    headers: dict[str, str]


def call(order: Order, signer: Webhook, *, now: int) -> Call:
    """The call at `now` (ms). Raises PermanentForMessage where the body is too large."""
    body = msgspec.json.encode({"type": order.type, "timestamp": to_rfc3339(now), "data": data(order)})
    if len(body) > BODY_MAX:
        raise PermanentForMessage(
            f"The call has {len(body):,} bytes; {BODY_MAX:,} are sent. Shorten the template.", provider_code="too_large"
        )
    at = datetime.fromtimestamp(now // 1_000, UTC)
    headers = {
        "content-type": "application/json",
        "webhook-id": order.send.id,
        "webhook-timestamp": str(now // 1_000),
        "webhook-signature": signer.sign(order.send.id, at, body.decode()),
    }
    return Call(body, headers)


def data(order: Order) -> dict[str, Any]:
    """What the receiver learns of the send."""
    content = msgspec.to_builtins(order.content)
    return {
        "notification_id": order.notification_id,
        "send_id": order.send.id,
        "attempt": order.attempt,
        "user_id": order.user,
        "address": order.send.address,
        "channel": order.channel,
        "category": order.category,
        "priority": order.priority,
        "content": content,
        "collapse_key": order.collapse_key,
        "expires_at": to_rfc3339(order.expires_at) if order.expires_at is not None else None,
    }
