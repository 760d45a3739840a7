"""Twilio's codes, and what each means here. The one table for answers and for receipts.

https://www.twilio.com/docs/api/errors lists all; each has a page of its own: https://www.twilio.com/docs/api/errors/21211.
"""

from __future__ import annotations

from typing import NamedTuple

from delivery.providers.said import without_addresses
from foundation.errors import (
    Ambiguous,
    Misconfigured,
    PermanentForAddress,
    PermanentForMessage,
    ProviderError,
    ProviderRateLimited,
    Transient,
)

# A wait for answers that name none: the next second, a sender's queue, a day's allowance.
SOON_S, QUEUE_S, DAILY_S = 1.0, 60.0, 3_600.0
OPTED_OUT = 21610
DOUBTFUL_STATUSES = frozenset({408, 502, 504})  # somebody between us and Twilio gave up waiting


class Meaning(NamedTuple):
    """What a code is here: a class of the tree, a sentence with the remedy, and seconds to wait where it is asked."""

    kind: type[ProviderError]
    detail: str
    wait_s: float = 0.0


def _misconfigured(detail: str) -> Meaning:
    return Meaning(Misconfigured, detail)


def _address(detail: str) -> Meaning:
    return Meaning(PermanentForAddress, detail)


def _message(detail: str) -> Meaning:
    return Meaning(PermanentForMessage, detail)


def _transient(detail: str) -> Meaning:
    return Meaning(Transient, detail)


def _wait(detail: str, wait_s: float) -> Meaning:
    return Meaning(ProviderRateLimited, detail, wait_s)


CODES: dict[int, Meaning] = {
    # --- the call and its credentials: https://www.twilio.com/docs/usage/twilios-response#status-codes
    20003: _misconfigured("Twilio refuses our credentials. Correct account_sid and auth_token, or the API key."),
    20005: _misconfigured("The account isn't active. Reactivate it in Twilio's console."),
    20006: _misconfigured("The credentials may not send. Give the API key the right to create messages."),
    20008: _misconfigured("These are test credentials. Use the live ones."),
    20404: _misconfigured("Twilio knows no such account or service. Correct account_sid and messaging_service_sid."),
    20429: _wait("Twilio takes no more calls for now. Lower the account's rate or its streams.", SOON_S),
    20500: _transient("Twilio has an internal error."),
    20503: _transient("Twilio is not available right now."),
    20504: Meaning(Ambiguous, "Twilio's gateway got no answer in time; the message may have been taken."),
    # --- the recipient: https://www.twilio.com/docs/api/errors/21211 and the page of each
    21211: _address("This is not a phone number that exists. Ask the user for another one."),
    21214: _address("This number can't be reached. Ask the user for another one."),
    21265: _address("This is a short code, which receives no messages. Ask the user for a mobile number."),
    21604: _address("The number is empty. Ask the user for one."),
    OPTED_OUT: _address("The recipient has opted out by STOP. Only a START from that phone lifts it."),
    21614: _address("This is no mobile number. Ask the user for one that takes messages."),
    21635: _address("This is a landline, which receives no messages. Ask the user for a mobile number."),
    # --- the message: https://www.twilio.com/docs/api/errors/21617 and the page of each
    21266: _message("Sender and recipient are the same number. Register another number for this user."),
    21408: _message("The account may not send to this country. Enable it under Geo permissions, and replay."),
    21602: _message("The text is empty. Give the type's SMS template a body."),
    21605: _message("The text is too long. Shorten the template."),
    21612: _message("This sender doesn't reach this number. Add a sender for that country or network, and replay."),
    21617: _message("The text is longer than 1,600 characters. Shorten the template."),
    21619: _message("The message has no content. Give the type's SMS template a body."),
    21624: _message("The validity period isn't right: 1 to 36,000 seconds."),
    # --- the sender, which is ours: https://www.twilio.com/docs/api/errors/21606 and the page of each
    21212: _misconfigured("The sender isn't a valid number. Correct from_number."),
    21601: _misconfigured("The sender isn't a number of this account. Correct from_number."),
    21603: _misconfigured("There is no sender. Give from_number or messaging_service_sid."),
    21606: _misconfigured("The sender can't send messages from this account. Correct from_number."),
    21608: _misconfigured("A trial account sends to verified numbers alone. Upgrade the account."),
    21609: _misconfigured("The status callback's address isn't valid. Correct status_callback."),
    21611: _wait("The sender's queue is full. Add numbers to the messaging service, or lower the rate.", QUEUE_S),
    21659: _misconfigured("The sender is no number of Twilio's. Correct from_number."),
    21660: _misconfigured("The sender belongs to another account. Correct from_number or account_sid."),
    21661: _misconfigured("The sender can't send text messages. Correct from_number."),
    21701: _misconfigured("There is no such messaging service. Correct messaging_service_sid."),
    21703: _misconfigured("The messaging service has no numbers. Add one in Twilio's console."),
    21705: _misconfigured("The messaging service's id isn't valid. Correct messaging_service_sid."),
    63038: _wait("The account's messages for today are used up. Ask Twilio for a higher limit.", DAILY_S),
    # --- after it was taken, in receipts: https://www.twilio.com/docs/messaging/guides/debugging-common-issues
    30001: _transient("The sender's queue overflowed. Add numbers to the messaging service, or lower the rate."),
    30002: _misconfigured("The account is suspended. Settle that with Twilio."),
    30003: _transient("The phone couldn't be reached: off, out of range, or out of service."),
    30004: _message("The recipient's carrier or the recipient blocks this message."),
    30005: _address("The number is unknown or no longer in service. Ask the user for another one."),
    30006: _address("A landline, or a carrier that can't be reached. Ask the user for a mobile number."),
    30007: _message("The carrier filtered the message. Look at its content and at the sender's registration."),
    30008: _transient("Something between Twilio and the phone failed, and doesn't say what."),
    30009: _transient("A segment of the message got lost on its way."),
    30010: _message("The message costs more than its maximum price. Raise that, or shorten the template."),
    30022: _wait("The carriers' limit for this campaign is used up. Lower the account's rate.", SOON_S),
    30023: _wait("The carrier's limit for this brand is used up for today.", DAILY_S),
    30032: _misconfigured("The toll-free number isn't verified. Verify it in Twilio's console."),
    30034: _misconfigured("The number isn't registered for A2P 10DLC. Register it in Twilio's console."),
    30036: _message("It waited at Twilio until its validity was over."),
    30450: _message("Twilio's protection against SMS pumping blocked it. Look at where the requests come from."),
}

# What an HTTP status means where there is no code of the table: https://www.twilio.com/docs/usage/twilios-response
_MISCONFIGURED_STATUSES = frozenset({401, 403, 404, 405})


def outcome(status: int, code: int | None, message: str = "", retry_after: float | None = None) -> ProviderError:
    """The error for Twilio's answer: HTTP `status`, its own `code`, its words, and the wait it names (seconds)."""
    meaning = CODES.get(code or 0) or _by_status(status)
    word = str(code or status)
    detail = (
        meaning.detail if code in CODES else f"{meaning.detail} Twilio says: {without_addresses(message) or status}."
    )
    if meaning.kind is ProviderRateLimited:
        return ProviderRateLimited(
            detail, provider_code=word, retry_after=meaning.wait_s if retry_after is None else retry_after
        )
    return meaning.kind(detail, provider_code=word)


def _by_status(status: int) -> Meaning:
    if status == 429:
        return CODES[20429]
    if status in DOUBTFUL_STATUSES:
        return CODES[20504]
    if status >= 500:
        return CODES[20500]
    if status in _MISCONFIGURED_STATUSES:
        return _misconfigured("Twilio refuses the call. Look its code up at https://www.twilio.com/docs/api/errors.")
    return _message("Twilio refuses the message. Look its code up at https://www.twilio.com/docs/api/errors.")
