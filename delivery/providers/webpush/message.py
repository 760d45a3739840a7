"""From an order to what a browser's service worker gets. Pure, but for the encryption's fresh key.

https://www.rfc-editor.org/rfc/rfc8030 (headers, sizes), https://www.rfc-editor.org/rfc/rfc8291 (encryption)
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Annotated

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from pywebpush import WebPusher

from delivery.providers.port import Order
from foundation.errors import PermanentForAddress, PermanentForMessage

MAX_BYTES = 4_096  # RFC 8030, 7.2: what every push service has to take
OVERHEAD = 103  # RFC 8291, 4: the header with the key, the delimiter, the tag
LONGEST_TTL_S = 28 * 24 * 3_600  # the longest that the known services keep a message
AUTH_BYTES = 16
_TOPIC = re.compile(r"[A-Za-z0-9_-]{1,32}")  # RFC 8030, 5.4
_TOPIC_LENGTH = 32
_URGENCIES = {"critical": "high", "high": "high", "normal": "normal", "low": "low"}  # RFC 8030, 5.3
_Filled = Annotated[str, msgspec.Meta(min_length=1)]


class Keys(msgspec.Struct, frozen=True):
    """The browser's: its public key and a secret, both in base64url."""

    p256dh: str
    auth: str


class Subscription(msgspec.Struct, frozen=True):
    """A browser's PushSubscription as its toJSON() gives it: https://www.w3.org/TR/push-api/#dom-pushsubscription."""

    endpoint: _Filled
    keys: Keys


def subscription_of(address: str) -> Subscription:
    """The subscription that a device token is. Raises PermanentForAddress for what is none."""
    try:
        found = msgspec.json.decode(address, type=Subscription)
        EllipticCurvePublicKey.from_encoded_point(SECP256R1(), _bytes(found.keys.p256dh))
        if len(_bytes(found.keys.auth)) == AUTH_BYTES:
            return found
    except (msgspec.DecodeError, ValueError):
        pass  # said below
    raise PermanentForAddress(
        "The device's token is no push subscription: register what PushSubscription.toJSON() gives.",
        provider_code="subscription",
    )


def encrypted(order: Order, subscription: Subscription) -> bytes:
    """The body, which nobody but that browser can read. Raises PermanentForMessage where it is too large."""
    body = payload(order)
    if len(body) + OVERHEAD > MAX_BYTES:
        raise PermanentForMessage(
            f"The message has {len(body) + OVERHEAD:,} bytes once encrypted, push services take {MAX_BYTES:,}: shorten "
            f"the push template by {len(body) + OVERHEAD - MAX_BYTES:,} bytes or send less data.",
            provider_code="too_large",
        )
    pusher = WebPusher(msgspec.to_builtins(subscription))
    return bytes(pusher.encode(body, content_encoding="aes128gcm")["body"])


def payload(order: Order) -> bytes:
    """What the service worker shows, and what it needs to open the right place and to tell that it was opened.

    It names the user: a browser has many, and the one who is logged in when it comes may be another.
    """
    content = order.content
    if not (content.title or content.body):
        raise PermanentForMessage(
            "The message has neither title nor body; give its template one.", provider_code="empty"
        )
    told = {
        "notification_id": order.notification_id,
        "send_id": order.id,
        "user_id": order.user,
        "type": order.type,
        "title": content.title,
        "body": content.body,
        "image": content.image,
        "action_url": content.action_url,
        "data": content.data,
        "tag": order.collapse_key,
        "badge": order.badge,
    }
    try:
        return msgspec.json.encode({name: value for name, value in told.items() if value not in (None, "", {})})
    except UnicodeEncodeError as error:
        raise PermanentForMessage(
            "The message holds half a character (a lone surrogate), which no device can show.", provider_code="text"
        ) from error


def headers_of(order: Order, *, now: int) -> dict[str, str]:
    """The headers at `now` (ms), without whose it is."""
    headers = {
        "content-type": "application/octet-stream",
        "content-encoding": "aes128gcm",
        "ttl": str(_ttl_s(order.expires_at, now)),
        "urgency": _URGENCIES.get(order.priority, "normal"),
    }
    if order.collapse_key:
        headers["topic"] = topic_of(order.collapse_key)
    return headers


def topic_of(collapse_key: str) -> str:
    """The collapse key as a Topic: itself, or where it is none, 32 characters that are computed from it."""
    if _TOPIC.fullmatch(collapse_key):
        return collapse_key
    return base64.urlsafe_b64encode(hashlib.sha256(collapse_key.encode()).digest()).decode()[:_TOPIC_LENGTH]


def _ttl_s(expires_at: int | None, now: int) -> int:
    return LONGEST_TTL_S if expires_at is None else min(max(0, (expires_at - now) // 1_000), LONGEST_TTL_S)


def _bytes(text: str) -> bytes:
    return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), altchars=b"-_", validate=True)
