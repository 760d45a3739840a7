"""send, explain, cancel."""

from __future__ import annotations

from typing import Annotated

import typer

from notification_platform.cli import codes, looks
from notification_platform.cli.apps import app
from notification_platform.cli.following import follow
from notification_platform.cli.given import At, Channels, Data, Id, Key, Priority, Type, User, data_of, time_of
from notification_platform.cli.session import Session, command

Watch = Annotated[bool, typer.Option("--watch", "-w", help="Then follow it until it has its outcome.")]


@command(
    app,
    "send",
    examples="""
    notify send order_shipped --user usr_42 --data tracking_number=TR1
    notify send order_shipped -u usr_42 -d order_id=ord_1 -d items:=3 --channel push --at 10m
    notify send order_shipped -u usr_42 --json | jq -r .notification_id
    """,
)
def send(
    session: Session,
    type: Type,
    user: User,
    data: Data = None,
    channel: Channels = None,
    priority: Priority = None,
    at: At = None,
    expires: Annotated[str | None, typer.Option("--expires", help="As --at: too late to be sent after this.")] = None,
    collapse_key: Annotated[str | None, typer.Option("--collapse-key", help="A newer one replaces it.")] = None,
    key: Key = None,
    watch: Watch = False,
) -> int | None:
    """Sends one notification; when it returns, it is durable."""
    accepted = session.client.send(
        type,
        user=user,
        data=data_of(data),
        channels=channel,
        priority=priority,
        schedule_at=time_of(at),
        expires_at=time_of(expires),
        collapse_key=collapse_key,
        idempotency_key=key,
    )
    session.show(
        accepted,
        lambda: f"[green]accepted[/] {accepted.notification_id}  [dim]{', '.join(accepted.estimated_channels)}[/]",
    )
    return follow(session, accepted.notification_id) if watch else codes.OK


@command(
    app,
    "explain",
    examples="""
    notify explain order_shipped --user usr_42 --data tracking_number=TR1
    notify explain order_shipped -u usr_42 --json
    """,
)
def explain(
    session: Session,
    type: Type,
    user: User,
    data: Data = None,
    channel: Channels = None,
    priority: Priority = None,
    at: At = None,
) -> None:
    """A dry run: which channels, why each is on or off, and what would be shown."""
    found = session.client.explain(
        type, user=user, data=data_of(data), channels=channel, priority=priority, schedule_at=time_of(at)
    )
    session.show(found, lambda: looks.verdicts(found))


@command(
    app,
    "cancel",
    examples="""
    notify cancel notif_0199f2d1c0de7000a1b2c3d4e5f60718
    """,
)
def cancel(session: Session, id: Id) -> None:
    """Cancels what still waits: scheduled, held for quiet hours, or for a retry."""
    found = session.client.cancel(id)
    rows: list[dict[str, object]] = [
        {"channel": each.channel, "status": looks.word(each.status), "was": each.was, "due": looks.moment(each.due_at)}
        for each in found.channels
    ]
    session.show(found, lambda: looks.table_of(rows, "channel", "status", "was", "due"))
