"""How what comes back finds its notification: our ids go out with the send, and come back proven by the signature.

Twilio gets them in the query of its status callback's address, SES in the mail's metadata (the `X-Metadata` header that
django-anymail writes) and in its message tags, which outlive a header that was cut off.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec
from django.conf import settings

NOTIFICATION, SEND, USER = "n", "s", "u"
"""Query parameters of Twilio's status callback."""

_NOTIFICATION_ID = re.compile(r"^notif_[0-9a-f]{32}$")
_SEND_ID = re.compile(r"^[0-9a-f-]{36}$")
_USER_MAX = 128


class Link(msgspec.Struct, frozen=True):
    """The send that a receipt is about."""

    notification: str
    send: str
    user: str


def address_of(provider: str) -> str:
    """The address that a provider is told, as people outside reach it."""
    return f"{settings.PUBLIC_URL.rstrip('/')}/webhooks/{provider}"


def status_callback(link: Link) -> str:
    """Twilio's `status_callback` for one send."""
    query = urlencode({NOTIFICATION: link.notification, SEND: link.send, USER: link.user})
    return f"{address_of('twilio')}?{query}"


def metadata(link: Link) -> dict[str, str]:
    """What a mail carries as anymail's `metadata`; with these names also fit for SES' message tags, but for `user`."""
    return {"notification_id": link.notification, "send_id": link.send, "user": link.user}


def from_query(query: Mapping[str, str]) -> Link | None:
    """The link in a callback's query; None for a message that isn't ours."""
    return _checked(query.get(NOTIFICATION), query.get(SEND), query.get(USER))


def from_metadata(found: Mapping[str, Any]) -> Link | None:
    """The link in a mail's metadata; None for a mail that isn't ours."""
    return _checked(found.get("notification_id"), found.get("send_id"), found.get("user"))


def _checked(notification: Any, send: Any, user: Any) -> Link | None:
    """Only what looks like ours: other software may send through the same account."""
    if not (isinstance(notification, str) and isinstance(send, str) and isinstance(user, str)):
        return None
    if not _NOTIFICATION_ID.match(notification) or not _SEND_ID.match(send) or not 0 < len(user) <= _USER_MAX:
        return None
    return Link(notification, send, user)
