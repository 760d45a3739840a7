"""SES' events, which come through SNS: delivery, bounce, complaint, open, click.

https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html; the older feedback
notifications of an identity (`notificationType`) have the same form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from email.utils import parseaddr
from typing import Any

import msgspec
import structlog
from django.http import HttpRequest, HttpResponse

from delivery.receipts import body, links, once, sns
from delivery.receipts.keeping import Heard, keep
from delivery.receipts.links import Link
from delivery.receipts.soft_bounces import SoftBounce
from foundation.clock import from_rfc3339, now_ms
from notifications.records import Receipt
from notifications.status import BOUNCED, CLICKED, COMPLAINED, DELIVERED, OPENED, SENT
from preferences.models import Suppression
from preferences.suppression import Entry

PROVIDER = "ses"
DETAIL_MAX = 300

# event: (the status it proves, the object that tells more of it)
EVENTS: dict[str, tuple[str, str]] = {
    "Send": (SENT, "send"),
    "Delivery": (DELIVERED, "delivery"),
    "Bounce": (BOUNCED, "bounce"),
    "Complaint": (COMPLAINED, "complaint"),
    "Open": (OPENED, "open"),
    "Click": (CLICKED, "click"),
    "Reject": (BOUNCED, "reject"),  # SES took it, found a virus in it, and sent nothing
    "Rendering Failure": (BOUNCED, "failure"),
}
# Not yet an outcome (DeliveryDelay), or a list that we don't keep at SES (Subscription).
SILENT = frozenset({"DeliveryDelay", "Subscription"})

HARD = "Permanent"  # "Transient" and "Undetermined" are soft
NOT_SPAM = "not-spam"  # somebody took it out of the spam folder, and said so

log = structlog.get_logger(__name__)


def receive(request: HttpRequest) -> HttpResponse:
    """Keeps what SES says; confirms subscriptions to our topics.

    Raises TooLarge, InvalidRequest, Forbidden, Unavailable; whatever `keep` raises.
    """
    envelope = sns.read(body.read(request))
    sns.prove(envelope)
    if envelope.type == sns.SUBSCRIBE:
        sns.confirm(envelope)
        log.info("subscription confirmed", topic=envelope.topic_arn)
    elif envelope.type == sns.UNSUBSCRIBE:
        log.error("SNS ended a subscription: no receipts come from it", topic=envelope.topic_arn)
    elif not once.was_kept(PROVIDER, envelope.message_id):
        keep(heard(_event(envelope.message)))
        once.note_kept(PROVIDER, envelope.message_id)
    return HttpResponse(status=200)


def heard(event: Mapping[str, Any]) -> Heard:
    """An event in our words; nothing is heard of one that says nothing new. Pure but for the clock."""
    kind = str(event.get("eventType") or event.get("notificationType") or "")
    if kind not in EVENTS:
        if kind and kind not in SILENT:
            log.warning("an event of SES that nobody knows", kind=kind)
        return Heard(provider=PROVIDER)
    status, name = EVENTS[kind]
    told = _mapping(event.get(name))
    if told.get("complaintFeedbackType") == NOT_SPAM:
        return Heard(provider=PROVIDER)
    link = _link(_mapping(event.get("mail")))
    return Heard(
        provider=PROVIDER,
        receipts=(_receipt(link, status, told),) if link else (),
        suppressed=tuple(_unwanted(kind, told)),
        soft=tuple(_soft(kind, told)),
    )


def _event(message: str) -> Mapping[str, Any]:
    """The event in a notification; empty for words of SNS' own, such as those that follow a subscription."""
    try:
        return _mapping(msgspec.json.decode(message))
    except (msgspec.DecodeError, RecursionError):
        return {}


def _receipt(link: Link, status: str, told: Mapping[str, Any]) -> Receipt:
    return Receipt(
        id=link.notification,
        user=link.user,
        channel="email",
        status=status,
        send=link.send,
        provider=PROVIDER,
        detail=_detail(told)[:DETAIL_MAX],
        at=_at(told),
    )


def _unwanted(kind: str, told: Mapping[str, Any]) -> Iterator[Entry]:
    """Who must not be written to any more: for good."""
    if kind == "Bounce" and told.get("bounceType") == HARD:
        for address in _addresses(told.get("bouncedRecipients")):
            yield Entry(address, "email", Suppression.Reason.BOUNCE, _detail(told)[:DETAIL_MAX])
    elif kind == "Complaint":
        for address in _addresses(told.get("complainedRecipients")):
            yield Entry(address, "email", Suppression.Reason.COMPLAINT, _detail(told)[:DETAIL_MAX])


def _soft(kind: str, told: Mapping[str, Any]) -> Iterator[SoftBounce]:
    if kind == "Bounce" and told.get("bounceType") != HARD:
        at = _at(told)
        for address in _addresses(told.get("bouncedRecipients")):
            yield SoftBounce(address, str(told.get("feedbackId") or at), at)


def _addresses(recipients: Any) -> Iterator[str]:
    for recipient in recipients if isinstance(recipients, list) else ():
        _, address = parseaddr(str(_mapping(recipient).get("emailAddress", "")))
        if address:
            yield from _forms(address.lower())


def _forms(address: str) -> Iterator[str]:
    """As mail has it, and as its owner may have given it: mail knows a domain's ASCII form alone (RFC 5891)."""
    yield address
    name, _, domain = address.rpartition("@")
    if "xn--" in domain:
        with suppress(UnicodeError):
            yield f"{name}@{domain.encode().decode('idna')}"


def _link(mail: Mapping[str, Any]) -> Link | None:
    """From the mail's metadata; from its tags where its headers were left out or cut off."""
    headers = mail.get("headers")
    for header in headers if isinstance(headers, list) else ():
        if str(_mapping(header).get("name", "")).lower() == "x-metadata":
            link = links.from_metadata(_event(str(header.get("value", ""))))
            if link is not None:
                return link
    tags = _mapping(mail.get("tags"))
    return links.from_metadata(
        {name: values[0] for name, values in tags.items() if isinstance(values, list) and values}
    )


def _detail(told: Mapping[str, Any]) -> str:
    """What SES said of it, without the recipient's address."""
    kinds = [
        told.get(name) for name in ("bounceType", "bounceSubType", "complaintFeedbackType", "reason", "errorMessage")
    ]
    return "/".join(str(kind) for kind in kinds if kind)


def _at(told: Mapping[str, Any]) -> int:
    """When it happened, by SES' clock (ms)."""
    try:
        return from_rfc3339(str(told.get("timestamp")))
    except ValueError:
        return now_ms()


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
