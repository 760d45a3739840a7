"""Who calls, and what the call says of itself in its metadata: token, idempotency key, trace."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from foundation.errors import Unauthenticated
from foundation.tracing import accept_traceparent
from notifications.api.permissions import require_scope
from notifications.calls import checked_key
from notifications.credentials import TokenFacts, at_hand, authenticate

SCHEME = "bearer"
AUTHORIZATION, IDEMPOTENCY_KEY, TRACEPARENT = "authorization", "idempotency-key", "traceparent"

InThread = Callable[..., Awaitable[Any]]


class Caller(msgspec.Struct, frozen=True):
    """A call's token, its idempotency key (None without), its trace context ("" without)."""

    token: TokenFacts
    key: str | None = None
    trace: str = ""


async def caller_of(context: Any, in_thread: InThread, *, scope: str, users: bool = False) -> Caller:
    """Who calls; `users`: a user's own token will do as well. `in_thread` runs what has to ask a server.

    Raises Unauthenticated, Forbidden without `scope`, InvalidRequest for an idempotency key that can't be one.
    """
    metadata = {name: value for name, value in context.invocation_metadata() or () if isinstance(value, str)}
    secret = _secret(metadata.get(AUTHORIZATION))
    token = at_hand(secret) or await in_thread(authenticate, secret)
    if not (users and token.kind == "user"):
        require_scope(token, scope)
    return Caller(token, checked_key(metadata.get(IDEMPOTENCY_KEY)), accept_traceparent(metadata.get(TRACEPARENT)))


def _secret(header: str | None) -> str:
    if not header:
        raise Unauthenticated("This needs a token.", remedy="Send the metadata `authorization: Bearer <token>`.")
    scheme, _, secret = header.partition(" ")
    if scheme.lower() != SCHEME or not secret.strip():
        raise Unauthenticated("The metadata `authorization` is not `Bearer <token>`.", remedy="Send a bearer token.")
    return secret.strip()
