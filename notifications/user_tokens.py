"""Short-lived credentials for a user's own app (contract §2): signed tokens for minutes, one-time tickets."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core import signing

from foundation.clock import now_ms
from foundation.errors import Unauthenticated
from foundation.redis import get_redis, key

TICKET_S = 30
USER_PREFIX = "npu_"
_SALT = "notifications.user-token"


def digest_of(secret: str) -> str:
    """How a secret is stored: its SHA-256."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def not_valid() -> Unauthenticated:
    """One answer for unknown, forged, expired and revoked, so that nothing is told about what exists."""
    return Unauthenticated("The token is not valid, has expired or was revoked.", remedy="Ask for a new token.")


def make_user_token(user_id: str, seconds: int | None = None) -> str:
    """A signed token for one user's own app, `seconds` long (default USER_TOKEN_SECONDS)."""
    until = datetime.now(UTC) + timedelta(seconds=seconds or settings.USER_TOKEN_SECONDS)
    return USER_PREFIX + signing.dumps([user_id, int(until.timestamp())], salt=_SALT)


def verify_user_token(token: str) -> str:
    """The user id of a user token. Raises Unauthenticated when it is forged, broken or over."""
    try:
        user_id, until = signing.loads(token.removeprefix(USER_PREFIX), salt=_SALT)
    except (signing.BadSignature, ValueError, TypeError):
        raise not_valid() from None
    if until * 1000 <= now_ms():
        raise not_valid()
    return user_id


def make_ticket(user_id: str) -> str:
    """A one-time ticket for opening a socket, valid for `TICKET_S`; fit for a URL. Raises redis.ConnectionError."""
    ticket = secrets.token_urlsafe(24)
    get_redis().set(key("ticket", digest_of(ticket)), user_id, ex=TICKET_S)
    return ticket


def redeem_ticket(ticket: str) -> str | None:
    """The user id a ticket was made for, once; None ever after, and for a forged or late one."""
    client: Any = get_redis()
    user_id = client.getdel(key("ticket", digest_of(ticket)))
    return user_id.decode() if user_id else None
