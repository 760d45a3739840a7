"""Credentials (contract §2): service and admin tokens hashed at rest, user tokens signed and minutes-lived, tickets.

`authenticate` answers from this process's memory for a few seconds, then from Redis, then from SQL, so accepting goes
on with SQL down, also in a process started then (contract §9). Redis' copy is checked against SQL when it is older than
`RECHECK_MS`; a revocation drops it at once, so it is felt everywhere within `LOCAL_S`.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import msgspec

from foundation.clock import now_ms
from foundation.control_plane import control_plane
from foundation.errors import ControlPlaneUnavailable, InvalidRequest
from foundation.redis import Unreachable, get_redis, key
from notifications.models import ServiceToken
from notifications.user_tokens import (
    USER_PREFIX,
    digest_of,
    make_ticket,
    make_user_token,
    not_valid,
    redeem_ticket,
    verify_user_token,
)

__all__ = [
    "SCOPES",
    "TokenFacts",
    "at_hand",
    "authenticate",
    "create_token",
    "forget_token",
    "make_ticket",
    "make_user_token",
    "note_uses",
    "redeem_ticket",
    "revoke_token",
    "verify_user_token",
]

SCOPES = (
    "notifications:send",
    "notifications:read",
    "priority:raise",
    "broadcast",
    "users:read",
    "users:write",
    "suppressions:read",
    "suppressions:write",
    "sandbox:read",
    "operate",
)
LOCAL_S = 3.0
LOCAL_MAX = 10_000
RECHECK_MS = 30_000
CACHE_S = 24 * 3600

_PREFIX = {"service": "nps_", "admin": "npa_"}
_SHOWN = 10


class TokenFacts(msgspec.Struct, frozen=True):
    """Who is asking. `types` empty: all; `rate` in notifications a second, 0: no limit; `user_id` of user tokens."""

    id: str
    kind: str
    scopes: frozenset[str] = frozenset()
    user_id: str = ""
    types: tuple[str, ...] = ()
    rate: int = 0


class _Known(msgspec.Struct, frozen=True):
    """What Redis keeps for a digest. Times in ms; `expires_at` 0: never."""

    facts: TokenFacts
    expires_at: int
    read_at: int


_known = msgspec.json.Decoder(_Known)
_local: dict[str, tuple[float, _Known | None]] = {}


# --- service and admin tokens


def create_token(
    *,
    name: str,
    kind: str = "service",
    scopes: Sequence[str] = (),
    types: Sequence[str] = (),
    rate: int = 0,
    expires_at: datetime | None = None,
) -> tuple[str, ServiceToken]:
    """Makes a token: (secret, row); the secret is not kept. Raises InvalidRequest for an unknown scope or kind."""
    unknown = set(scopes) - set(SCOPES)
    if unknown or kind not in _PREFIX:
        raise InvalidRequest(
            f"Unknown scope: {', '.join(sorted(unknown))}." if unknown else f"Unknown kind: {kind}.",
            field="scopes" if unknown else "kind",
            remedy=f"Scopes are {', '.join(SCOPES)}; kinds are service and admin.",
        )
    secret = _PREFIX[kind] + secrets.token_urlsafe(32)
    row = ServiceToken.objects.create(
        name=name,
        kind=kind,
        digest=digest_of(secret),
        prefix=secret[:_SHOWN],
        scopes=sorted(set(scopes)),
        types=list(types),
        rate=rate,
        expires_at=expires_at,
    )
    return secret, row


def revoke_token(row: ServiceToken) -> None:
    """Ends a token: at once in SQL and Redis, in other processes' memory within `LOCAL_S`."""
    row.revoked_at = datetime.now(UTC)
    row.save(update_fields=["revoked_at"])
    forget_token(row.digest)


def forget_token(digest: str) -> None:
    """Drops a token from the caches after a change of its row. With Redis away that is felt within `RECHECK_MS`."""
    _local.pop(digest, None)
    try:
        get_redis().delete(key("token", digest))
    except Unreachable:
        return


def authenticate(secret: str) -> TokenFacts:
    """The facts of a service, admin or user token.

    Raises Unauthenticated, the same for an unknown, a revoked and an expired one; ControlPlaneUnavailable when only SQL
    could tell and SQL is away.
    """
    if secret.startswith(USER_PREFIX):
        return TokenFacts(id="", kind="user", user_id=verify_user_token(secret))
    digest = digest_of(secret)
    known = _remembered(digest)
    if known is None or 0 < known.expires_at <= now_ms():
        raise not_valid()
    return known.facts


def at_hand(secret: str) -> TokenFacts | None:
    """The facts of a token that this process knows without asking; None: `authenticate` has to, or refuses it."""
    until, known = _local.get(digest_of(secret), (0.0, None))
    usable = known is not None and until > time.monotonic() and not 0 < known.expires_at <= now_ms()
    return known.facts if usable and known else None


def _remembered(digest: str) -> _Known | None:
    entry = _local.get(digest)
    now = time.monotonic()
    if entry and entry[0] > now:
        return entry[1]
    known = _from_servers(digest)
    if len(_local) >= LOCAL_MAX:
        _local.clear()
    _local[digest] = (now + LOCAL_S, known)
    return known


def _from_servers(digest: str) -> _Known | None:
    """Redis' copy while it is fresh, else SQL's row; Redis' stale copy when SQL is away."""
    name = key("token", digest)
    cached = _from_redis(name)
    if cached and now_ms() - cached.read_at < RECHECK_MS:
        return cached
    try:
        with control_plane():
            row = ServiceToken.objects.filter(digest=digest, revoked_at=None).first()
    except ControlPlaneUnavailable:
        if cached:
            return cached
        raise
    if row:
        return _put(name, row)
    _drop(name, cached)
    return None


def _from_redis(name: str) -> _Known | None:
    client: Any = get_redis()
    try:
        raw = client.get(name)
    except Unreachable:
        return None
    try:
        return _known.decode(raw) if raw else None
    except msgspec.DecodeError:
        return None  # another version's format: SQL tells


def _put(name: str, row: ServiceToken) -> _Known:
    facts = TokenFacts(
        id=str(row.pk), kind=row.kind, scopes=frozenset(row.scopes), types=tuple(row.types), rate=row.rate
    )
    expires = int(row.expires_at.timestamp() * 1000) if row.expires_at else 0
    known = _Known(facts, expires, now_ms())
    with suppress(*Unreachable):  # SQL answered; Redis is filled at the next look
        pipe = get_redis().pipeline(transaction=False)
        pipe.set(name, msgspec.json.encode(known), ex=CACHE_S)
        pipe.hset(_used(), str(row.pk), known.read_at)
        pipe.expire(_used(), CACHE_S)
        pipe.execute()
    return known


def _drop(name: str, cached: _Known | None) -> None:
    if cached:
        try:
            get_redis().delete(name)
        except Unreachable:
            return


def note_uses() -> int:
    """Writes the last uses that Redis gathered to the rows, in one statement; returns how many.

    Raises ControlPlaneUnavailable, redis.ConnectionError: Redis goes on gathering.
    """
    client: Any = get_redis()
    used = {int(pk): datetime.fromtimestamp(int(at) / 1000, UTC) for pk, at in client.hgetall(_used()).items()}
    if not used:
        return 0
    with control_plane():
        rows = list(ServiceToken.objects.filter(pk__in=used))
        for row in rows:
            row.last_used_at = used[row.pk]
        written = ServiceToken.objects.bulk_update(rows, ["last_used_at"])
    client.hdel(_used(), *used)
    return written


def _used() -> str:
    return key("tokens", "used")
