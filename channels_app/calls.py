"""What the gateway asks of the rest, each in a thread of its own pool so that the loop never waits for SQL."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from channels.db import DatabaseSyncToAsync

THREADS = 4
_pool = ThreadPoolExecutor(THREADS, thread_name_prefix="gateway")


async def in_thread(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """`function(…)` in the gateway's pool; database connections are looked after."""
    return await DatabaseSyncToAsync(function, thread_sensitive=False, executor=_pool)(*arguments, **options)


@dataclass(frozen=True, kw_only=True)
class Calls:
    """The functions behind the frames.

    verify_token: user token -> user id, raises Unauthenticated.  redeem_ticket: ticket -> user id or None.
    since: (user, from ms, limit) -> inbox entries as JSON values, oldest first.  newest: (user, limit) -> the newest
    unread, oldest first.  mark: (user, ids, *, read, seen, opened, archived, at).  read_all: (user).
    counts: users -> each one's (unread, unseen).  produce: receipts -> the log.
    """

    verify_token: Callable[[str], str]
    redeem_ticket: Callable[[str], str | None]
    since: Callable[[str, int, int], Sequence[dict[str, Any]]]
    newest: Callable[[str, int], Sequence[dict[str, Any]]]
    mark: Callable[..., Any]
    read_all: Callable[[str], Any]
    counts: Callable[[Collection[str]], Mapping[str, tuple[int, int]]]
    produce: Callable[[Sequence[Any]], Any]
