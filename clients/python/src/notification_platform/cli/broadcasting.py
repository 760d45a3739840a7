"""broadcast, and the commands for one that runs."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from notification_platform.cli import codes, looks
from notification_platform.cli.apps import app, broadcasts
from notification_platform.cli.given import At, Channels, Data, Key, Priority, Type, data_of, time_of
from notification_platform.cli.session import Session, command
from notification_platform.platform import Broadcast

BroadcastId = Annotated[str, typer.Argument(help="bc_…", show_default=False)]


@command(
    app,
    "broadcast",
    admin=True,
    examples="""
    notify broadcast platform_announcement --segment all_active_users --data title=Hello --data body="It is here."
    notify broadcast platform_announcement --segment beta --rate 500 --no-follow --json
    """,
)
def broadcast(
    session: Session,
    type: Type,
    segment: Annotated[str, typer.Option("--segment", "-s", help="Who gets it.", show_default=False)],
    data: Data = None,
    channel: Channels = None,
    priority: Priority = None,
    at: At = None,
    rate: Annotated[int | None, typer.Option("--rate", help="Recipients a second at most.")] = None,
    key: Key = None,
    follow: Annotated[bool, typer.Option("--follow/--no-follow", help="Stay until it has ended.")] = True,
) -> int:
    """One event for everybody in a segment, with its progress. Ctrl-C stops looking, not the broadcast."""
    started = session.client.broadcasts.start(
        type,
        segment=segment,
        data=data_of(data),
        channels=channel,
        priority=priority,
        schedule_at=time_of(at),
        rate=rate,
        idempotency_key=key,
    )
    about = f"{started.estimated_recipients:,} recipients, {started.estimated_duration_minutes:g} min"
    session.show(started, lambda: f"[green]accepted[/] {started.broadcast_id}  [dim]{about}[/]")
    return _follow(session, started.broadcast_id) if follow else codes.OK


@command(broadcasts, "show", admin=True, examples="notify broadcasts show bc_0199f2d1c0de7000a1b2c3d4e5f60718")
def show(session: Session, id: BroadcastId) -> int:
    """A broadcast's progress, until it has ended."""
    return _follow(session, id)


@command(broadcasts, "pause", admin=True, examples="notify broadcasts pause bc_0199f2d1c0de7000a1b2c3d4e5f60718")
def pause(session: Session, id: BroadcastId) -> None:
    """Holds it where it is."""
    _say(session, session.client.broadcasts.pause(id))


@command(broadcasts, "resume", admin=True, examples="notify broadcasts resume bc_0199f2d1c0de7000a1b2c3d4e5f60718")
def resume(session: Session, id: BroadcastId) -> None:
    """Goes on where it was held."""
    _say(session, session.client.broadcasts.resume(id))


@command(broadcasts, "cancel", admin=True, examples="notify broadcasts cancel bc_0199f2d1c0de7000a1b2c3d4e5f60718")
def cancel(session: Session, id: BroadcastId) -> None:
    """Ends it: whoever wasn't reached yet gets nothing."""
    _say(session, session.client.broadcasts.cancel(id))


@command(broadcasts, "recall", admin=True, examples="notify broadcasts recall bc_0199f2d1c0de7000a1b2c3d4e5f60718")
def recall(session: Session, id: BroadcastId) -> None:
    """Ends it and takes it out of the inboxes."""
    _say(session, session.client.broadcasts.recall(id))


@command(broadcasts, "rate", admin=True, examples="notify broadcasts rate bc_0199f2d1c0de7000a1b2c3d4e5f60718 2000")
def rate(
    session: Session,
    id: BroadcastId,
    rate: Annotated[int, typer.Argument(help="Recipients a second from now on.", show_default=False)],
) -> None:
    """Makes it faster or slower."""
    _say(session, session.client.broadcasts.set_rate(id, rate))


def _say(session: Session, found: Broadcast) -> None:
    session.show(found, lambda: f"{found.broadcast_id} [{looks.UNDER_WAY}]{found.state}[/]")


def _follow(session: Session, id: str) -> int:
    if session.as_json:
        for found in session.client.broadcasts.progress(id):
            session.json(found)
        return _code(found)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=session.out) as bar:
        task = bar.add_task(id, total=None)
        for found in session.client.broadcasts.progress(id):
            bar.update(task, description=found.state, completed=found.expanded, total=found.recipients or None)
    return _code(found)


def _code(found: Broadcast) -> int:
    return codes.OK if found.state == "finished" else codes.NOT_DELIVERED
