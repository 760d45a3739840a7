"""Idempotency keys while one of their two homes can't answer (docs/decisions/0013).

SQL away: Redis vouches for what it held all along, and its rows are written later. Redis emptied: it gets SQL's keys
back, so that it can vouch again before a day has passed.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

import msgspec
import structlog

from foundation.clock import now_ms
from foundation.control_plane import control_plane
from foundation.redis import Unreachable, epoch, get_redis, key
from foundation.streaming import streamed
from notifications import reserving
from notifications.idempotency import keep, redis_knows
from notifications.models import IdempotencyKey
from notifications.records import Event
from notifications.reserving import Row, life_ms

log = structlog.get_logger(__name__)

ROWS_AT_ONCE = 2_000
WRITER_S = 50
WHOLE_MAX = 500_000
"""Keys that are brought back into an emptied Redis at most: some seconds' work, and 100 MB there."""


def remember_later(events: Sequence[tuple[Event, str]]) -> tuple[dict[str, str], frozenset[str]]:
    """`remember` while SQL is away: ({id: the first one's}, ids of which nobody can say now).

    Redis answers for a key that it held when the event was accepted and had held all others of that day. Its rows are
    noted for `write_late`.
    """
    names = [(event.idempotency or "").partition(".") for event, _ in events]
    holders, since = reserving.holders([name for name, _, _ in names])
    firsts: dict[str, str] = {}
    doubtful: set[str] = set()
    late: list[IdempotencyKey] = []
    for (event, own), (name, _, body), holder in zip(events, names, holders, strict=True):
        if holder is None or event.accepted_at - since < life_ms():
            doubtful.add(own)
        elif holder != own:
            firsts[own] = holder
        else:
            late.append(IdempotencyKey(name, body, own, event.accepted_at))
    if not _note([(row.key, row.body, row.notification_id, row.accepted_at) for row in late]):
        doubtful.update(row.notification_id for row in late)
    return firsts, frozenset(doubtful)


def write_late() -> int:
    """Writes the rows that `remember_later` noted; how many. One process at a time does.

    Raises ControlPlaneUnavailable, redis.ConnectionError.
    """
    written = 0
    if not get_redis().set(key("idem-late", "writer"), 1, nx=True, ex=WRITER_S):
        return 0
    while noted := _noted():
        keep({name: IdempotencyKey(name, body, own, at) for name, body, own, at in reversed(noted)})
        _forget(len(noted))
        written += len(noted)
    return written


def make_whole() -> bool:
    """Brings the keys that SQL knows from before Redis' epoch back into it; whether Redis alone can answer then.

    Not where they are too many, or it puts keys out for want of room: then SQL is asked besides, until Redis has
    remembered everything for a key's life. Raises ControlPlaneUnavailable, redis.ConnectionError.
    """
    since, oldest = epoch(), now_ms() - life_ms()
    if redis_knows():
        return True
    if _has_put_keys_out():
        return False
    before = IdempotencyKey.objects.filter(accepted_at__gte=oldest, accepted_at__lt=since)
    with control_plane():
        if before.order_by("accepted_at")[WHOLE_MAX : WHOLE_MAX + 1].exists():
            return False
    columns = ("key", "body", "notification_id", "accepted_at")
    rows = streamed(before, *columns, along=("accepted_at", "key"))
    while portion := list(islice(rows, ROWS_AT_ONCE)):
        reserving.bring_back(portion)
    reserving.note_whole(since)
    return True


def _has_put_keys_out() -> bool:
    return reserving.knows_since() > epoch()


def notice_evictions() -> int:
    """How many keys Redis has put out since this was last asked; it no longer vouches for what was before.

    Raises redis.ConnectionError.
    """
    client: Any = get_redis()
    evicted = int(client.info("stats")["evicted_keys"])
    before = int(client.getset(key("evictions"), evicted) or 0)
    if evicted > before:
        reserving.note_forgetting(now_ms())
        log.warning("Redis is full and puts keys out", keys=evicted - before)
    return max(0, evicted - before)


def _note(rows: Sequence[Row]) -> bool:
    """Keeps rows for SQL, which is away; False where Redis is too."""
    if not rows:
        return True
    try:
        with get_redis().pipeline(transaction=False) as pipe:
            pipe.rpush(_name(), *[msgspec.json.encode(row) for row in rows])
            pipe.pexpire(_name(), life_ms())
            pipe.execute()
    except Unreachable:
        return False
    return True


def _noted() -> list[Row]:
    """The first of the rows kept for SQL. Raises redis.ConnectionError."""
    client: Any = get_redis()
    return [msgspec.json.decode(row, type=Row) for row in client.lrange(_name(), 0, ROWS_AT_ONCE - 1)]


def _forget(count: int) -> None:
    """The first `count` rows are in SQL. Raises redis.ConnectionError."""
    get_redis().ltrim(_name(), count, -1)


def _name() -> str:
    return key("idem-late")
