"""What a simulator received, in plain words: the message as its receiver would see it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from urllib.parse import parse_qs, urlsplit

from foundation.identifiers import send_id
from tests.simulators.control import Received

CHANNELS = {"apns": "push", "fcm": "push", "webpush": "push", "ses": "email", "smtp": "email", "twilio": "sms"}


def shown(provider: str, received: Received) -> dict[str, Any]:
    """send_id, notification_id, title, body and the like; what can't be read is left empty."""
    plain = {"send_id": received.id, "notification_id": "", "type": "", "title": "", "body": "", "html": ""}
    plain |= {"channel": CHANNELS[provider], "provider": provider, "address": received.address, "action_url": ""}
    plain |= {"answer": received.answer}
    try:
        return plain | _READERS[provider](received) | {"at_ms": int(received.at * 1_000)}
    except (ValueError, KeyError, TypeError, AttributeError):
        return plain | {"at_ms": int(received.at * 1_000)}


def _apns(received: Received) -> dict[str, Any]:
    told = json.loads(received.body)
    return {**_push(told), **told["aps"]["alert"]}


def _fcm(received: Received) -> dict[str, Any]:
    message = json.loads(received.body)["message"]
    found = _push(message["data"])
    send = send_id(found["notification_id"], "push", received.address)
    return {**found, **message["notification"], "send_id": send}


def _webpush(received: Received) -> dict[str, Any]:
    told = received.body
    return {**_push(told), **{name: told.get(name, "") for name in ("send_id", "title", "body")}}


def _push(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: data.get(name, "") for name in ("notification_id", "type", "action_url")}


def _twilio(received: Received) -> dict[str, Any]:
    ids = parse_qs(urlsplit(received.body.get("StatusCallback", "")).query)
    found = {"send_id": ids.get("s", [""])[0], "notification_id": ids.get("n", [""])[0]}
    return {**found, "body": received.body.get("Body", "")}


def _ses(received: Received) -> dict[str, Any]:
    call = received.body
    tags = {tag["Name"]: tag["Value"] for tag in call.get("EmailTags", [])}
    found = {name: tags.get(name, "") for name in ("send_id", "notification_id", "type")}
    return {**_mail(base64.b64decode(call["Content"]["Raw"]["Data"])), **found}


def _smtp(received: Received) -> dict[str, Any]:
    return _mail(received.body) if received.body else {}


def _mail(raw: bytes) -> dict[str, Any]:
    mail: EmailMessage = message_from_bytes(raw, policy=policy.default)
    parts = {kind: mail.get_body((kind,)) for kind in ("plain", "html")}
    text = {kind: part.get_content() if part else "" for kind, part in parts.items()}
    send = str(mail.get("Message-ID", "")).strip("<> ").partition("@")[0]
    return {"send_id": send, "title": str(mail["Subject"] or ""), "body": text["plain"], "html": text["html"]}


_READERS: dict[str, Callable[[Received], dict[str, Any]]] = {
    "apns": _apns,
    "fcm": _fcm,
    "webpush": _webpush,
    "ses": _ses,
    "smtp": _smtp,
    "twilio": _twilio,
}
