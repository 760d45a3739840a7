"""What routing knows of users, for a whole batch: from Redis, and from SQL what Redis hasn't (contract §4)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

import structlog
from django.db import transaction

from foundation.control_plane import control_plane
from foundation.errors import ControlPlaneUnavailable
from foundation.redis import Unreachable
from preferences import profile_cache, profile_rows
from preferences.facts import Profile

log = structlog.get_logger(__name__)

SQL_CHUNK = 5_000


class ProfilesUnavailable(ControlPlaneUnavailable):
    """The database is away and the cache doesn't know everybody: `known` can go on, `missing` wait (contract §9)."""

    def __init__(self, known: dict[str, Profile], missing: list[str]) -> None:
        super().__init__(f"the database is away; {len(missing)} of {len(known) + len(missing)} users aren't cached")
        self.known = known
        self.missing = missing


def profiles(user_ids: Iterable[str], *, keep: bool = True) -> dict[str, Profile]:
    """A profile for each user; unknown ones get one with `known` False.

    One MGET, one SQL query a table for the misses, one script to write them back. Redis away: SQL serves all. Without
    `keep` nothing is written back: a broadcast's users would push everybody else's out.
    Raises ProfilesUnavailable, which carries the cached ones, when the database is away and somebody isn't cached.
    """
    wanted = list(dict.fromkeys(user_ids))
    if not wanted:
        return {}
    found, ticket = _read(wanted)
    missing = [user for user in wanted if user not in found]
    for chunk in _chunks(missing):
        try:
            with control_plane():
                loaded = profile_rows.load(chunk)
        except ControlPlaneUnavailable as error:
            raise ProfilesUnavailable(found, [user for user in missing if user not in found]) from error
        found |= loaded
        if keep:
            _fill(loaded.values(), ticket)
    return found


def narrow(user_ids: Iterable[str]) -> dict[str, Profile]:
    """Those users the cache knows right now: one MGET, never a query (`estimated_channels`, contract §2)."""
    wanted = list(dict.fromkeys(user_ids))
    return _read(wanted)[0] if wanted else {}


def forget(user_ids: Collection[str]) -> None:
    """Drops cached profiles; what is being loaded meanwhile isn't cached either.

    Raises `foundation.redis.Unreachable`: whoever may not go on with a stale cache calls this before its commit too.
    """
    profile_cache.drop(user_ids)


def forget_after_commit(user_ids: Collection[str]) -> None:
    """`forget` once the transaction is committed (at once outside one). Redis away is logged: a profile lives 1 h."""
    transaction.on_commit(lambda: _forget_or_log(user_ids))


def _forget_or_log(user_ids: Collection[str]) -> None:
    try:
        forget(user_ids)
    except Unreachable as error:
        log.error("profiles not dropped from the cache", users=len(user_ids), error=str(error))


def _read(user_ids: Sequence[str]) -> tuple[dict[str, Profile], profile_cache.Ticket | None]:
    try:
        return profile_cache.read(user_ids)
    except Unreachable as error:
        log.warning("profile cache away, asking the database", users=len(user_ids), error=str(error))
        return {}, None


def _fill(loaded: Collection[Profile], ticket: profile_cache.Ticket | None) -> None:
    if ticket is None:
        return
    try:
        profile_cache.fill(loaded, ticket)
    except Unreachable as error:
        log.warning("profiles not cached", users=len(loaded), error=str(error))


def _chunks(user_ids: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(user_ids), SQL_CHUNK):
        yield user_ids[start : start + SQL_CHUNK]
