"""How what comes back finds its notification: our ids go out with the send, and come back proven by the signature.

Twilio gets them in the query of its status callback's address (`?n=<notification>&s=<send>&u=<user>`), SES in the
mail's metadata (the `X-Metadata` header that django-anymail writes: notification_id, send_id, user) and in message tags
of the same names, which outlive a header that was cut off.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

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
