"""A user's inbox: pages, changes, and what comes while one looks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from notification_platform.calls.paths import path_of
from notification_platform.people import InboxChange, InboxCounts, InboxNews, InboxNotification, InboxPage
from notification_platform.steps import Call, Flow, Given, Pause, Stream, one

Action = Literal["read", "unread", "seen", "opened", "archive", "unarchive"]
LONG_POLL_S = 25.0
REMEMBERED = 5_000  # ids; what comes twice comes soon after
BETWEEN_S = 0.2  # an inbox where something comes all the time is asked five times a second at most


def page(
    user: str,
    *,
    limit: int = 20,
    cursor: str | None = None,
    unread: bool = False,
    category: str | None = None,
    archived: bool = False,
) -> Flow[InboxPage]:
    """A page, newest first."""
    query = {"limit": str(limit)} | {
        name: value for name, value in (("cursor", cursor), ("category", category)) if value is not None
    }
    query |= {name: "true" for name, on in (("unread", unread), ("archived", archived)) if on}
    return one(
        Call(name="inbox", method="GET", path=path_of("users", user, "notifications"), query=query, answer=InboxPage)
    )


def entries(
    user: str, *, unread: bool = False, category: str | None = None, archived: bool = False, page_size: int = 100
) -> Stream[InboxNotification]:
    """All of the inbox, newest first, page by page."""
    cursor: str | None = None
    while True:
        found: InboxPage = yield from page(
            user, limit=page_size, cursor=cursor, unread=unread, category=category, archived=archived
        )
        for entry in found.notifications:
            yield Given(entry)
        cursor = found.cursor
        if cursor is None:
            return


def news(user: str, *, since: str, wait_s: float = LONG_POLL_S) -> Flow[InboxNews]:
    """What came since (milliseconds, RFC 3339, or the answer before's `since`); waits for something if need be."""
    query = {"since": since, "wait": f"{wait_s:g}"}
    path = path_of("users", user, "notifications")
    return one(Call(name="news", method="GET", path=path, query=query, answer=InboxNews, wait_s=wait_s))


def live(user: str, *, since: str, known: Iterable[str] = ()) -> Stream[InboxNotification]:
    """Every entry that comes from `since` on, each once, for as long as one iterates; those in `known` were had."""
    had = dict.fromkeys(known)
    while True:
        found: InboxNews = yield from news(user, since=since)
        for entry in found.notifications:
            if entry.id not in had:
                had[entry.id] = None
                yield Given(entry)
        for old in list(had)[:-REMEMBERED]:
            del had[old]
        since = found.since
        yield Pause(BETWEEN_S)


def change(user: str, notification_id: str, action: Action) -> Flow[InboxChange]:
    """read, unread, seen, opened, archive or unarchive one; every open socket of the user hears of it."""
    path = path_of("users", user, "notifications", notification_id, action)
    return one(Call(name="change", method="POST", path=path, answer=InboxChange))


def read_all(user: str) -> Flow[InboxCounts]:
    """Everything that is in the inbox now is read and seen."""
    return one(
        Call(
            name="read_all", method="POST", path=path_of("users", user, "notifications", "read_all"), answer=InboxCounts
        )
    )
