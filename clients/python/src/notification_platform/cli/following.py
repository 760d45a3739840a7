"""status, wait, watch, inbox: what became of it, also as it happens."""

from __future__ import annotations

from typing import Annotated

import typer

from notification_platform.answers import NotificationStatus
from notification_platform.cli import codes, looks
from notification_platform.cli.apps import app
from notification_platform.cli.given import Id, User
from notification_platform.cli.session import Session, command

Within = Annotated[float, typer.Option("--within", help="Seconds to wait for the outcome.")]
EVER = "0"  # milliseconds since the epoch


@command(
    app,
    "status",
    examples="""
    notify status notif_0199f2d1c0de7000a1b2c3d4e5f60718
    """,
)
def status(session: Session, id: Id) -> None:
    """What became of a notification, per channel."""
    found = session.client.status(id)
    session.show(found, lambda: looks.channels(found))


@command(
    app,
    "wait",
    examples="""
    notify wait notif_0199f2d1c0de7000a1b2c3d4e5f60718 --within 30
    """,
)
def wait(session: Session, id: Id, within: Within = 60.0) -> int:
    """Waits until every channel has its outcome. Ends with 6 if nothing was delivered."""
    found = session.client.wait(id, within_s=within)
    session.show(found, lambda: looks.channels(found))
    return _code(found)


@command(
    app,
    "watch",
    examples="""
    notify watch notif_0199f2d1c0de7000a1b2c3d4e5f60718
    """,
)
def watch(session: Session, id: Id, within: Within = 3600.0) -> int:
    """A notification's timeline as it happens, until every channel has its outcome."""
    return follow(session, id, within_s=within)


def follow(session: Session, id: str, *, within_s: float = 3600.0) -> int:
    """Prints the timeline as it comes, then the outcome; the exit code."""
    for entry in session.client.watch(id, within_s=within_s):
        shown = entry
        session.show(shown, lambda shown=shown: looks.line(shown))  # type: ignore[misc]
    found = session.client.status(id)
    if not session.as_json:
        session.out.print(looks.word(found.status))
    return _code(found)


def _code(found: NotificationStatus) -> int:
    return codes.OK if found.status == "delivered" else codes.NOT_DELIVERED


@command(
    app,
    "inbox",
    examples="""
    notify inbox --user usr_42
    notify inbox --user usr_42 --unread --once --json
    """,
)
def inbox(
    session: Session,
    user: User,
    limit: Annotated[int, typer.Option("--limit", help="How many of the newest to begin with, 1 to 100.")] = 20,
    unread: Annotated[bool, typer.Option("--unread", help="Only what is unread.")] = False,
    once: Annotated[bool, typer.Option("--once", help="Don't stay for what comes.")] = False,
) -> None:
    """A user's inbox: the newest, then whatever comes, until Ctrl-C."""
    page = session.client.inbox.page(user, limit=limit, unread=unread)
    for entry in reversed(page.notifications):
        session.show(entry, lambda entry=entry: looks.entry_line(entry))  # type: ignore[misc]
    if not session.as_json:
        session.out.print(f"[dim]{page.unread_count} unread[/]")
    if once:
        return
    since = page.notifications[0].created_at.isoformat() if page.notifications else EVER
    known = [entry.id for entry in page.notifications]
    for entry in session.client.inbox.live(user, since=since, known=known):
        session.show(entry, lambda entry=entry: looks.entry_line(entry))  # type: ignore[misc]
