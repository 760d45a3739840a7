"""Twilio's callbacks: status of what was sent, and what people write back.

Proof: https://www.twilio.com/docs/usage/security#validating-requests. The signature covers the address Twilio was told,
which behind a proxy isn't the one this process was asked at: it is made of PUBLIC_URL, the path and the query.
"""

from __future__ import annotations

import hmac
from urllib.parse import urlparse

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from twilio.request_validator import (
    SIGNATURE_HEADER,
    SIGNATURE_SETTINGS_HEADER,
    RequestValidator,
    add_port,
    get_signature_algorithm,
    remove_port,
)
from twilio.twiml.messaging_response import MessagingResponse

from delivery.providers.twilio import codes
from delivery.receipts import body, keywords, links, once
from delivery.receipts.keeping import Heard, keep
from delivery.receipts.keywords import Wish
from foundation.clock import now_ms
from foundation.errors import Forbidden, InvalidRequest, PermanentForAddress
from notifications.records import Receipt
from notifications.status import DELIVERED, READ, SENT, UNDELIVERED
from preferences.addresses import Dead
from preferences.contact_points import check_phone
from preferences.models import Suppression
from preferences.suppression import Entry

PROVIDER = "twilio"
CODE_DIGITS = 6

# https://www.twilio.com/docs/messaging/api/message-resource#message-status-values
STATUSES: dict[str, str | None] = {
    "accepted": SENT,  # taken by Twilio, which is what "sent" means here; it proves a send that was in doubt
    "scheduled": SENT,
    "queued": SENT,
    "sending": SENT,
    "sent": SENT,
    "delivered": DELIVERED,
    "undelivered": UNDELIVERED,
    "failed": UNDELIVERED,
    "canceled": UNDELIVERED,
    "read": READ,
    "receiving": None,
    "received": None,
}

# The person has sent STOP to one of our senders, and Twilio keeps to it.
UNSUBSCRIBED = str(codes.OPTED_OUT)
# By the one table of Twilio's codes: nothing will ever arrive at this number.
DEAD_NUMBER = frozenset(
    str(code)
    for code, meaning in codes.CODES.items()
    if meaning.kind is PermanentForAddress and code != codes.OPTED_OUT
)

EMPTY = str(MessagingResponse())


def receive(request: HttpRequest) -> HttpResponse:
    """Keeps what Twilio says, and answers in TwiML.

    Raises TooLarge, InvalidRequest, Forbidden; whatever `keep` raises.
    """
    fields = body.form(body.read(request))
    query = request.META.get("QUERY_STRING", "")
    _prove(request, fields, query)
    first = {name: values[0] for name, values in fields.items()}
    status = first.get("MessageStatus", "")
    if status and status != "received":
        keep(status_heard(first, {name: values[0] for name, values in body.form(query).items()}))
        return _twiml(EMPTY)
    if "Body" in first and "From" in first:
        return _twiml(_inbound(first))
    raise InvalidRequest(
        "This is neither a status nor a message.", field="MessageStatus", remedy="Enter this address for messages only."
    )


def status_heard(fields: dict[str, str], query: dict[str, str]) -> Heard:
    """A status callback in our words; nothing is heard of a message that isn't ours. Pure but for the clock."""
    link = links.from_query(query)
    status, code = STATUSES.get(fields["MessageStatus"]), fields.get("ErrorCode", "")
    if link is None or status is None:
        return Heard(provider=PROVIDER)
    number = _number(fields.get("To", ""))
    receipt = Receipt(
        id=link.notification,
        user=link.user,
        channel="sms",
        status=status,
        send=link.send,
        provider=PROVIDER,
        detail=_detail(status, fields["MessageStatus"], code),
        at=now_ms(),
    )
    stopped = (Entry(number, "sms", Suppression.Reason.STOP, _meaning(code)),) if code == UNSUBSCRIBED else ()
    dead = (Dead(link.user, "sms", number),) if code in DEAD_NUMBER else ()
    return Heard(
        provider=PROVIDER, receipts=(receipt,), suppressed=stopped if number else (), dead=dead if number else ()
    )


def inbound_heard(number: str, wish: Wish, text: str) -> Heard:
    """What a keyword changes: STOP holds for every sender of ours, START takes back no more than a STOP."""
    if wish is Wish.STOP:
        return Heard(provider=PROVIDER, suppressed=(Entry(number, "sms", Suppression.Reason.STOP, f"wrote {text}"),))
    return Heard(provider=PROVIDER, lifted=((number, "sms"),) if wish is Wish.START else ())


def _inbound(fields: dict[str, str]) -> str:
    """Does what the message asks for; the TwiML to answer with."""
    meant = keywords.meaning(fields["Body"])
    # With Advanced Opt-Out Twilio has recognised the word and answered it already.
    theirs = fields.get("OptOutType", "")
    wish = Wish(theirs) if theirs in Wish.__members__ else meant[0] if meant else None
    number, id = _number(fields["From"]), fields.get("MessageSid", "")
    if wish is None or not number:
        return EMPTY
    if not once.was_kept(PROVIDER, id):
        keep(inbound_heard(number, wish, keywords.plain(fields["Body"])[:40]))
        once.note_kept(PROVIDER, id)
    if theirs or meant is None:
        return EMPTY
    answer = MessagingResponse()
    answer.message(keywords.answer(*meant))
    return str(answer)


def _prove(request: HttpRequest, fields: dict[str, list[str]], query: str) -> None:
    """Raises Forbidden unless one of our accounts signed it. Every comparison takes the same time."""
    address = f"{settings.PUBLIC_URL.rstrip('/')}{request.path}" + (f"?{query}" if query else "")
    given = request.headers.get(SIGNATURE_HEADER, "").encode("utf-8", "replace")
    algorithm = get_signature_algorithm(request.headers.get(SIGNATURE_SETTINGS_HEADER))
    if not _is_signed(address, fields, given, algorithm):
        raise Forbidden(
            "The signature isn't that of one of our accounts.",
            code="bad_signature",
            remedy="Check TWILIO_AUTH_TOKENS, and that PUBLIC_URL is what Twilio was told.",
        )


def _is_signed(address: str, fields: dict[str, list[str]], given: bytes, algorithm: str) -> bool:
    """Twilio signs the address now with its port, now without."""
    addresses = {remove_port(urlparse(address)), add_port(urlparse(address)), address}
    flat = _Fields(fields)
    fits = False
    for token in settings.TWILIO_AUTH_TOKENS:
        for each in sorted(addresses):
            try:
                own = RequestValidator(token).compute_signature(each, flat, algorithm)
            except ValueError:  # an algorithm nobody knows
                return False
            fits |= hmac.compare_digest(own.encode(), given)
    return fits


class _Fields(dict[str, list[str]]):
    """A form as the library reads it: a field may come several times."""

    def getlist(self, name: str) -> list[str]:
        """All values of `name`."""
        return self[name]


def _number(text: str) -> str:
    """E.164, or "" for what is no phone number: a short code, a channel of another kind."""
    try:
        return check_phone(text) if text.startswith("+") else ""
    except InvalidRequest:
        return ""


def _detail(status: str, word: str, code: str) -> str:
    if status != UNDELIVERED:
        return ""
    known = _meaning(code)
    said = f"{word}, error {code}" if code else word
    return f"{said}: {known}" if known else said


def _meaning(code: str) -> str:
    """What the table says of a code; "" of one that isn't in it."""
    known = codes.CODES.get(int(code)) if code.isdecimal() and len(code) <= CODE_DIGITS else None
    return known.detail if known else ""


def _twiml(text: str) -> HttpResponse:
    return HttpResponse(text, content_type="text/xml; charset=utf-8")
