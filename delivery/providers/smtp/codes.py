"""What a mail server's replies mean here. The one table: by the enhanced code where there is one, else by the reply.

Reply codes: RFC 5321, sections 4.2.2 and 4.2.3 (https://www.rfc-editor.org/rfc/rfc5321#section-4.2.2); those of
authentication: RFC 4954, section 6; 521 and 556: RFC 7504. Enhanced codes: RFC 3463 and
https://www.iana.org/assignments/smtp-enhanced-status-codes.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from delivery.providers.said import without_addresses
from foundation.errors import (
    Ambiguous,
    Misconfigured,
    PermanentForAddress,
    PermanentForMessage,
    ProviderError,
    Transient,
)

# Where in the conversation a reply came: before any mail, to MAIL FROM, to RCPT TO, after the dot that ends the mail.
GREETING, SENDER, RECIPIENT, DATA = "greeting", "sender", "recipient", "data"
NO_REPLY = -1  # smtplib's word for an answer without a code

_ENHANCED = re.compile(r"^([245]\.\d{1,3}\.\d{1,3})\b")


class Meaning(NamedTuple):
    """A class of the tree and a sentence with the remedy."""

    kind: type[ProviderError]
    detail: str


_NO_MAILBOX = Meaning(PermanentForAddress, "There is no such mailbox. Ask the user for another address.")
_REFUSED = Meaning(PermanentForMessage, "The server refuses this mail. Look at its content and at our reputation.")
_PASSING = Meaning(Transient, "The server can't take it right now.")
_SENDER = Meaning(Misconfigured, "The server doesn't let us write from this sender. Correct from_email or username.")
_CREDENTIALS = Meaning(Misconfigured, "The server refuses our credentials. Correct username and password.")
_TLS = Meaning(Misconfigured, "The server asks for an encrypted connection. Set security to starttls or tls.")
_SHUT = Meaning(Misconfigured, "The server doesn't serve us. Correct host and port, or have this machine admitted.")

REPLIES: dict[int, Meaning] = {
    # --- RFC 5321, 4.2.3: not now
    421: Meaning(Transient, "The server closes the connection for now."),
    450: Meaning(Transient, "The mailbox isn't available right now: busy, or greylisted."),
    451: Meaning(Transient, "The server had an error of its own."),
    452: Meaning(Transient, "The server or the mailbox has no room right now."),
    454: Meaning(Transient, "The server can't encrypt or authenticate right now."),
    455: Meaning(Transient, "The server can't serve these parameters right now."),
    # --- RFC 5321, 4.2.3: for good
    500: _REFUSED,
    501: _NO_MAILBOX,  # a syntax error: to RCPT that is one in the address
    502: _REFUSED,
    503: _REFUSED,
    504: _REFUSED,
    521: Meaning(PermanentForAddress, "This host takes no mail at all. Ask the user for another address."),
    550: _NO_MAILBOX,
    551: Meaning(PermanentForAddress, "The user isn't there any more. Ask for another address."),
    552: Meaning(PermanentForMessage, "The mail is too large, or the mailbox is full."),
    553: Meaning(PermanentForAddress, "The server allows no such mailbox name. Ask the user for another address."),
    554: _REFUSED,
    555: _REFUSED,
    556: Meaning(PermanentForAddress, "This domain takes no mail at all. Ask the user for another address."),
    # --- RFC 4954, 6: authentication
    530: _CREDENTIALS,
    534: _CREDENTIALS,
    535: _CREDENTIALS,
    538: _TLS,
}

# RFC 3463 and IANA's list: says more than the reply code it comes with.
ENHANCED: dict[str, Meaning] = {
    "5.1.0": _NO_MAILBOX,
    "5.1.1": _NO_MAILBOX,
    "5.1.2": Meaning(PermanentForAddress, "There is no such mail domain. Ask the user for another address."),
    "5.1.3": _NO_MAILBOX,
    "5.1.6": Meaning(PermanentForAddress, "The mailbox has moved. Ask the user for the new address."),
    "5.1.7": _SENDER,
    "5.1.8": _SENDER,
    "5.1.10": Meaning(PermanentForAddress, "This domain takes no mail at all. Ask the user for another address."),
    "5.2.1": Meaning(PermanentForAddress, "The mailbox is switched off. Ask the user for another address."),
    "5.2.2": Meaning(PermanentForMessage, "The mailbox is full."),
    "5.2.3": Meaning(PermanentForMessage, "The mail is larger than the mailbox takes. Shorten the template."),
    "5.3.4": Meaning(PermanentForMessage, "The mail is larger than the server takes. Shorten the template."),
    "5.4.1": Meaning(PermanentForAddress, "The domain's server knows no such recipient. Ask for another address."),
    "5.5.4": _REFUSED,
    "5.6.0": _REFUSED,
    "5.7.0": _REFUSED,
    "5.7.1": _REFUSED,
    "5.7.8": _CREDENTIALS,
    "5.7.9": _CREDENTIALS,
    "5.7.11": _TLS,
    "5.7.26": Meaning(PermanentForMessage, "The mail isn't authenticated. Set up SPF and DKIM for its domain."),
    "5.7.60": _SENDER,
}


def outcome(code: int, words: bytes | str, stage: str) -> ProviderError:
    """The error for a refusal: reply `code` (-1: none that could be read), the reply's words, and its stage."""
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    found = _ENHANCED.match(text)
    enhanced = found[1] if found else ""
    meaning = _meaning(code, enhanced, stage)
    said = without_addresses(text)
    return meaning.kind(f"{meaning.detail} It says: {code} {said}", provider_code=enhanced or str(code))


def _meaning(code: int, enhanced: str, stage: str) -> Meaning:
    if not 400 <= code < 600:
        return _UNREADABLE[stage == DATA]
    if code < 500:
        return REPLIES.get(code, _PASSING)
    if code in _OF_THE_CONNECTION:
        return REPLIES[code]
    if stage == GREETING:
        return _SHUT
    found = ENHANCED.get(enhanced) or REPLIES.get(code, _REFUSED)
    if stage == SENDER and code != _TOO_LARGE and enhanced not in _TOO_LARGE_ENHANCED:
        return _SENDER
    if stage == DATA and enhanced not in ENHANCED and found.kind is PermanentForAddress:
        return _REFUSED  # the recipient was taken: it is the mail that isn't
    return found


_TOO_LARGE, _TOO_LARGE_ENHANCED = 552, frozenset({"5.2.3", "5.3.4"})
_OF_THE_CONNECTION = frozenset({530, 534, 535, 538})
_UNREADABLE = (
    Meaning(Transient, "The server's reply can't be read."),
    Meaning(Ambiguous, "The server's reply can't be read; the mail may have been taken."),
)
