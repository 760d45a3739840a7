"""SNS' envelopes: whose they are, and that they are new.

https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html for the fields,
https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message-verify-message-signature.html for the rule:
name and value of certain fields, a line each, in the order of their names, signed with RSA over SHA-1 (version 1) or
SHA-256 (version 2). What costs nothing is looked at first; a certificate is fetched only for what may be ours.
"""

from __future__ import annotations

import base64
from typing import Any

import httpx
import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from django.conf import settings

from delivery.receipts.certificates import fetch, public_key, require_sns
from foundation.clock import from_rfc3339, now_ms
from foundation.errors import Forbidden, InvalidRequest

NOTIFICATION, SUBSCRIBE, UNSUBSCRIBE = "Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"
AHEAD_MS = 5 * 60_000  # clocks differ

_SIGNED = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    SUBSCRIBE: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    UNSUBSCRIBE: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_HASHES: dict[str, type[hashes.HashAlgorithm]] = {"1": hashes.SHA1, "2": hashes.SHA256}


class Envelope(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """What SNS posts, its fields as it names them."""

    type: str
    message_id: str
    topic_arn: str
    message: str
    timestamp: str
    signature_version: str
    signature: str
    signing_cert_url: str = msgspec.field(name="SigningCertURL")
    subject: str | None = None
    token: str | None = None
    subscribe_url: str | None = msgspec.field(name="SubscribeURL", default=None)


def read(raw: bytes) -> Envelope:
    """The envelope in a body. Raises InvalidRequest for what is no JSON, no UTF-8 or no envelope."""
    try:
        return msgspec.json.decode(raw, type=Envelope)
    except msgspec.ValidationError as error:
        raise InvalidRequest(
            f"This is no message of SNS: {error}.", field="$", remedy="Switch raw message delivery off."
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest("The body is not JSON in UTF-8.", field="$", remedy="Let SNS send it.") from error


def prove(envelope: Envelope) -> None:
    """Raises Forbidden unless it is SNS' own, from a topic of ours, and new; Unavailable while nobody can tell."""
    if envelope.topic_arn not in settings.SNS_TOPICS:
        raise Forbidden(
            "This topic isn't one of ours.", field="TopicArn", code="unknown_topic", remedy="Name it in SNS_TOPICS."
        )
    if envelope.type not in _SIGNED or envelope.signature_version not in _HASHES:
        raise _forged("Nothing is known of this kind of message or signature.")
    _require_new(envelope)
    try:
        public_key(envelope.signing_cert_url).verify(
            base64.b64decode(envelope.signature, validate=True),
            signed_text(envelope),
            PKCS1v15(),
            _HASHES[envelope.signature_version](),
        )
    except (InvalidSignature, ValueError) as error:
        raise _forged("The signature doesn't fit.") from error


def signed_text(envelope: Envelope) -> bytes:
    """What SNS signs of it."""
    values: dict[str, Any] = {
        "Message": envelope.message,
        "MessageId": envelope.message_id,
        "Subject": envelope.subject,
        "SubscribeURL": envelope.subscribe_url,
        "Timestamp": envelope.timestamp,
        "Token": envelope.token,
        "TopicArn": envelope.topic_arn,
        "Type": envelope.type,
    }
    lines = [f"{name}\n{values[name]}\n" for name in _SIGNED[envelope.type] if values[name] is not None]
    return "".join(lines).encode()


def confirm(envelope: Envelope) -> None:
    """Says yes to a subscription; `prove` has said that its topic is ours. Raises Forbidden, Unavailable."""
    url = envelope.subscribe_url or ""
    require_sns(url, "SubscribeURL")
    if fetch(url).status_code != httpx.codes.OK:
        raise _forged("SNS doesn't know this subscription.")


def _require_new(envelope: Envelope) -> None:
    try:
        age = now_ms() - from_rfc3339(envelope.timestamp)
    except ValueError as error:
        raise _forged("The time isn't one.") from error
    if not -AHEAD_MS <= age <= settings.SNS_MAX_AGE_S * 1_000:
        raise Forbidden(
            "This message is too old, or from the future.",
            field="Timestamp",
            code="replayed",
            remedy="Check the clock; SNS_MAX_AGE_S says how old one may be.",
        )


def _forged(why: str) -> Forbidden:
    return Forbidden(why, code="bad_signature", remedy="Only SNS itself may call this.")
