"""Is this call from the platform? Our outgoing webhooks are signed by the Standard Webhooks specification.

    event = Receiver("whsec_…").verify(request.body, request.headers)

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from notification_platform.answers import Answer
from notification_platform.errors import BadSignature, NotConfigured

SECRET_BYTES = range(24, 65)  # standard-webhooks, "Symmetric"


class Delivery(Answer, frozen=True, kw_only=True):
    """What a receiver is told of one send. `send_id` is the same for every attempt: act on it once."""

    notification_id: str
    send_id: str
    attempt: int
    user_id: str
    channel: str
    category: str
    priority: str
    content: dict[str, Any]
    address: str = ""
    collapse_key: str | None = None
    expires_at: datetime | None = None


class WebhookEvent(Answer, frozen=True, kw_only=True):
    """A verified call. `type` is the notification's."""

    type: str
    timestamp: datetime
    data: Delivery


class Receiver:
    """Verifies calls signed with `secrets` ("whsec_…"); several while one is being replaced."""

    def __init__(self, *secrets: str) -> None:
        """Raises NotConfigured for a secret that can't be one."""
        self._webhooks = [Webhook(_key(secret)) for secret in secrets]
        if not self._webhooks:
            raise NotConfigured("There is no secret to verify webhooks with.")

    def verify(self, body: bytes | str, headers: Mapping[str, str]) -> WebhookEvent:
        """The event in a call's raw body. Raises BadSignature: forged, changed, or older than five minutes."""
        named = {name.lower(): value for name, value in headers.items()}
        if not any(_is_signed(webhook, body, named) for webhook in self._webhooks):
            raise BadSignature("The signature isn't the platform's, or the call is older than five minutes.")
        try:
            return msgspec.json.decode(body, type=WebhookEvent)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadSignature(f"It is signed, and isn't a delivery: {error}.") from error


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if len(key) not in SECRET_BYTES:
        raise NotConfigured("A webhook's secret is whsec_ and 24 to 64 bytes in base64.")
    return key


def _is_signed(webhook: Webhook, body: bytes | str, headers: dict[str, str]) -> bool:
    try:
        webhook.verify(body, headers)
    except (WebhookVerificationError, ValueError, KeyError):
        return False
    return True
