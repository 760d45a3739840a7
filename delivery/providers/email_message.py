"""From an order to Django's mail, the same for every email provider: what is said, to whom, under which headers.

The Message-ID is made of the send's id, so that a repeat is the same mail to whoever sorts it. List-Unsubscribe and
List-Unsubscribe-Post stand above what can be unsubscribed from (RFC 2369, RFC 8058).
"""

from __future__ import annotations

import html
import re
from email.utils import parseaddr

import msgspec
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.core.validators import validate_email
from django.utils.html import strip_tags

from delivery.providers.port import Order
from foundation.errors import PermanentForAddress, PermanentForMessage
from preferences import unsubscribing

SUBJECT_MAX = 900  # characters; a header line of 998 octets has to hold it (RFC 5322, 2.1.1)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_UNSENDABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_BLANK_LINES = re.compile(r"\s*\n\s*\n\s*")


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """Whom mails come from: `from_email` as "Harbor <no-reply@harbor.example>".

    `unsubscribe_url`, with {token} in it, where another address than web's own takes the one click.
    """

    from_email: str
    reply_to: str = ""
    unsubscribe_url: str = ""

    @property
    def domain(self) -> str:
        """The domain of `from_email`."""
        return parseaddr(self.from_email)[1].rpartition("@")[2]


def check_sender(sender: Sender) -> None:
    """Raises ValueError, with the field, for what no mail can be sent from."""
    for field, text in (("from_email", sender.from_email), ("reply_to", sender.reply_to)):
        if field == "reply_to" and not text:
            continue
        if _CONTROL.search(text) or not _is_address(parseaddr(text)[1]):
            raise ValueError(f"{field} has to be an address: Harbor <no-reply@harbor.example>")
    if sender.unsubscribe_url and ("{token}" not in sender.unsubscribe_url or "://" not in sender.unsubscribe_url):
        raise ValueError("unsubscribe_url has to be a whole address with {token} in it")


def message(order: Order, sender: Sender) -> EmailMultiAlternatives:
    """The mail: text, and HTML beside it where there is some.

    Raises PermanentForAddress for what is no address, PermanentForMessage for a mail without a text.
    """
    content = order.content
    text = _UNSENDABLE.sub("", content.body) or _as_text(content.html)
    if not text.strip() and not content.html.strip():
        raise PermanentForMessage(
            "The mail is empty. Give the type's email template a text or an HTML part.", provider_code="empty_body"
        )
    found = EmailMultiAlternatives(
        subject=subject(content.title),
        body=text,
        from_email=sender.from_email,
        to=[_recipient(order.send.address)],
        reply_to=[sender.reply_to] if sender.reply_to else None,
        headers=headers(order, sender),
    )
    if content.html.strip():
        found.attach_alternative(content.html, "text/html")
    return found


def subject(title: str) -> str:
    """The subject on one line, whatever a name in it brought along. Raises PermanentForMessage when it is too long."""
    line = _CONTROL.sub(" ", title).strip()
    if len(line) > SUBJECT_MAX:
        raise PermanentForMessage(
            f"The subject has {len(line):,} characters; {SUBJECT_MAX:,} fit. Shorten the type's email template.",
            provider_code="subject",
        )
    return line


def headers(order: Order, sender: Sender) -> dict[str, str]:
    """What stands above the mail besides subject, sender and recipient."""
    found = {"Message-ID": message_id(order, sender), "Auto-Submitted": "auto-generated"}
    if order.unsubscribe:
        found |= unsubscribing.headers(unsubscribing.address_of(order.unsubscribe, sender.unsubscribe_url))
    return found


def message_id(order: Order, sender: Sender) -> str:
    """The same for every attempt of a send."""
    return f"<{order.send.id}@{sender.domain}>"


def _recipient(address: str) -> str:
    if _is_address(address):
        return address
    raise PermanentForAddress(
        "This is no email address. Register the user's address as name@domain.", provider_code="address"
    )


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def _as_text(markup: str) -> str:
    """What a reader without HTML gets of a mail that has nothing else."""
    return _BLANK_LINES.sub("\n\n", html.unescape(strip_tags(markup))).strip()
