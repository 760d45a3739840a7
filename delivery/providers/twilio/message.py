"""From an order to the parameters of Twilio's Message resource. Pure.

https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import phonenumbers

from delivery.providers.port import Order
from delivery.providers.twilio.options import Options
from foundation.errors import PermanentForAddress, PermanentForMessage
from templates_app.sms_segments import segments

BODY_MAX = 1_600  # https://www.twilio.com/docs/api/errors/21617
VALIDITY_MAX_S = 36_000  # https://www.twilio.com/docs/api/errors/90007


def parameters(order: Order, options: Options, *, now: int) -> dict[str, Any]:
    """What `messages.create_async` is given at `now` (ms).

    Raises PermanentForAddress for what can't be a phone number, PermanentForMessage for an empty or too long text.
    """
    found: dict[str, Any] = {"to": e164(order.send.address), "body": body(order, options)}
    if options.messaging_service_sid:
        found["messaging_service_sid"] = options.messaging_service_sid
    else:
        found["from_"] = options.from_number
    if options.status_callback:
        found["status_callback"] = callback(order, options.status_callback)
    if order.expires_at is not None:
        found["validity_period"] = min(VALIDITY_MAX_S, max(1, (order.expires_at - now) // 1_000))
    return found


def e164(address: str) -> str:
    """`address` as +<country><number>. Raises PermanentForAddress for what no phone can have."""
    try:
        number = phonenumbers.parse(address, None)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise PermanentForAddress(
            "This can't be a phone number. Register the user's number with its country code: +4915112345678.",
            provider_code="e164",
        )
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def body(order: Order, options: Options) -> str:
    """The text. Raises PermanentForMessage when there is none, or more than may be sent."""
    text = order.content.body
    if not text.strip():
        raise PermanentForMessage("The text is empty. Give the type's SMS template a body.", provider_code="empty_body")
    if len(text) > BODY_MAX:
        raise PermanentForMessage(
            f"The text has {len(text):,} characters; Twilio takes {BODY_MAX:,}. Shorten the template.",
            provider_code="21617",
        )
    count = segments(text).count
    if options.max_segments and count > options.max_segments:
        raise PermanentForMessage(
            f"The text takes {count} segments; the account's max_segments is {options.max_segments}. "
            "Shorten the template, or use letters of the GSM alphabet alone.",
            provider_code="segments",
        )
    return text


def callback(order: Order, url: str) -> str:
    """`url` with whose send a receipt tells of (n, s, u). Twilio signs the address with its query."""
    known = urlencode({"n": order.notification_id, "s": order.send.id, "u": order.user})
    return f"{url}{'&' if '?' in url else '?'}{known}"
