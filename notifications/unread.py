"""Exact unread and unseen counts: two Redis sets of ids a user, rebuilt from the store when Redis has none (§6).

A user's sets count only while they are *whole*: both hold the sentinel, and `whole` says since when (Redis' clock).
Everything that could make them differ from the store makes them not whole instead; the next look reads the store:

- A row that is delivered goes into whole sets. Was it accepted before the sets were read or last changed, it may have
  been read since (a batch sent again, a late worker): unless it is there, the sets are no longer whole.
- A change of read state takes `whole` away before it touches the store, and gives it back after, unless anything came
  between. Killed on the way, it leaves sets that don't count.
- A rebuild that anything overtook (the version moved, a change is under way) is answered from but not kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from itertools import chain
from typing import Any

import structlog
from redis.commands.core import Script

from foundation.redis import Unreachable, get_redis, key
from notifications import unread_scripts as scripts
from notifications.store import get_store
from notifications.store.port import UnreadIds

ROWS_A_CALL = 5_000
# By how much the clocks of the machines that accept may differ from Redis'.
CLOCKS_MS = 2_000
Counts = tuple[int, int]

log = structlog.get_logger(__name__)


def add(rows: Sequence[tuple[str, str]]) -> None:
    """(user, notification id) pairs that the store holds now; one round trip (up to ROWS_A_CALL), any number of times.

    Raises redis.ConnectionError: then the batch has to be done again, or a count may miss a row.
    """
    for start in range(0, len(rows), ROWS_A_CALL):
        _script(scripts.ADD)(args=[_prefix(), CLOCKS_MS, *chain.from_iterable(rows[start : start + ROWS_A_CALL])])


def counts(users: Iterable[str]) -> dict[str, Counts]:
    """(unread, unseen) of each user; from the store where Redis has no whole sets or is away.

    Raises StoreUnavailable when the store is needed and away.
    """
    wanted = list(dict.fromkeys(users))
    if not wanted:
        return {}
    try:
        now, *looks = _script(scripts.LOOK)(args=[_prefix(), *wanted])
    except Unreachable as error:
        log.warning("counts come from the store: Redis is away", users=len(wanted), error=str(error))
        return _sizes(get_store().unread_ids(wanted))
    seen = dict(zip(wanted, looks, strict=True))
    versions = {user: version for user, (unread, _, version) in seen.items() if unread < 0}
    return {user: (unread, unseen) for user, (unread, unseen, _) in seen.items()} | _rebuild(versions, now)


def forget(user: str) -> None:
    """Drops all that Redis holds of a user's counts. Raises redis.ConnectionError."""
    get_redis().delete(*(f"{_prefix()}{kind}:{user}" for kind in "iswvc"))


class Change:
    """A change of one user's read state under way; `now_holds` says what came of it."""

    def __init__(self) -> None:
        self.after: Mapping[str, tuple[bool, bool]] | None = None

    def now_holds(self, after: Mapping[str, tuple[bool, bool]]) -> None:
        """By id: whether it counts as (unread, unseen) now. Not called: the sets are read anew at the next look."""
        self.after = after


@contextmanager
def changing(user: str) -> Iterator[Change]:
    """Goes around every write of read state to the store. Raises redis.ConnectionError before anything was written."""
    token, left = _script(scripts.BEGIN)(args=[_prefix(), user])
    change = Change()
    try:
        yield change
    except BaseException:
        _end(user, token, left, None)
        raise
    _end(user, token, left, change.after)


@contextmanager
def changing_many(users: Sequence[str]) -> Iterator[None]:
    """As `changing`, around a change of many users' rows that says nothing more: their sets are read anew after it.

    Two round trips for all of them. Raises redis.ConnectionError before anything was written.
    """
    pipeline = get_redis().pipeline(transaction=False)
    for user in users:
        _script(scripts.BEGIN)(args=[_prefix(), user], client=pipeline)
    begun = pipeline.execute()
    try:
        yield
    finally:
        with suppress(*Unreachable):  # then they are not whole until somebody looks
            for user, (token, left) in zip(users, begun, strict=True):
                _script(scripts.END)(args=[_prefix(), user, token, left, 0], client=pipeline)
            pipeline.execute()


def _end(user: str, token: bytes, left: int, after: Mapping[str, tuple[bool, bool]] | None) -> None:
    flags: list[str | int] = [
        word for id, (unread, unseen) in (after or {}).items() for word in (id, int(unread), int(unseen))
    ]
    try:
        _script(scripts.END)(args=[_prefix(), user, token, left, int(after is not None), *flags])
    except Unreachable as error:
        log.warning("a user's counts are read anew: Redis is away", error=str(error))


def _rebuild(versions: Mapping[str, bytes], now: int) -> dict[str, Counts]:
    if not versions:
        return {}
    found = get_store().unread_ids(versions)
    try:
        pipeline = get_redis().pipeline(transaction=False)
        for user, (unread, unseen) in found.items():
            arguments: list[Any] = [_prefix(), user, versions[user], now, len(unread), *unread, *unseen]
            _script(scripts.FILL)(args=arguments, client=pipeline)
        pipeline.execute()
    except Unreachable as error:
        log.warning("counts not kept: Redis is away", error=str(error))
    return _sizes(found)


def _sizes(found: Mapping[str, UnreadIds]) -> dict[str, Counts]:
    return {user: (len(ids.unread), len(ids.unseen)) for user, ids in found.items()}


def _prefix() -> str:
    return key("unread", "")


@cache
def _script(source: str) -> Script:
    return get_redis().register_script(source)
