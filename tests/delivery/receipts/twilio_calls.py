"""Twilio's callbacks as it posts them, signed."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.test import Client
from twilio.request_validator import RequestValidator

from tests.delivery.receipts.conftest import AUTH_TOKEN, PHONE, PUBLIC_URL, Sent

INBOUND = f"{PUBLIC_URL}/webhooks/twilio"


def callback(sent: Sent) -> str:
    """The address that Twilio is told for one send."""
    query = urlencode({"n": sent.id, "s": sent.send, "u": sent.user})
    return f"{settings.PUBLIC_URL.rstrip('/')}/webhooks/twilio?{query}"


def signature(url: str, fields: dict[str, str], token: str = AUTH_TOKEN) -> str:
    return RequestValidator(token).compute_signature(url, fields)


def post(client: Client, url: str, fields: dict[str, str], *, signed: str | None = None) -> Any:
    """As Twilio posts to `url`; a proxy passes it on under another host, without TLS."""
    parts = urlsplit(url)
    headers = {"X-Twilio-Signature": signature(url, fields) if signed is None else signed}
    return client.post(
        f"{parts.path}?{parts.query}" if parts.query else parts.path,
        urlencode(fields).encode(),
        content_type="application/x-www-form-urlencoded",
        headers=headers,
    )


def status(word: str, **more: str) -> dict[str, str]:
    return {"MessageSid": "SM1", "AccountSid": "AC1", "MessageStatus": word, "SmsStatus": word, "To": PHONE} | more


def message(text: str, sid: str = "SM9", **more: str) -> dict[str, str]:
    return {"MessageSid": sid, "SmsStatus": "received", "From": PHONE, "To": "+14155550100", "Body": text} | more
