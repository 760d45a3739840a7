"""types, whoami, dead-letters, login."""

from __future__ import annotations

from itertools import islice
from typing import Annotated

import typer

from notification_platform.cli import credentials, looks
from notification_platform.cli.apps import app
from notification_platform.cli.session import Session, command
from notification_platform.client import Client
from notification_platform.settings import DEFAULT_API


@command(
    app,
    "types",
    examples="""
    notify types
    notify types --json | jq -r '.[].name'
    """,
)
def types(session: Session) -> None:
    """All notification types, and which of them this token may send."""
    found = session.client.types()
    rows: list[dict[str, object]] = [
        {
            "type": each.name,
            "category": each.category,
            "priority": each.priority,
            "channels": ", ".join(each.channels),
            "may send": looks.word("send") if each.allowed else "",
        }
        for each in found
    ]
    session.show(
        [each.plain() for each in found],
        lambda: looks.table_of(rows, "type", "category", "priority", "channels", "may send"),
    )


@command(
    app,
    "whoami",
    examples="""
    notify whoami
    notify whoami --demo
    """,
)
def whoami(session: Session) -> None:
    """Whose token this is, where it was found, and what it may do."""
    found, its = session.client.whoami(), session.credentials
    rows: list[dict[str, object]] = [
        {"": "token", " ": f"{found.name or found.user_id} ({found.kind})"},
        {"": "from", " ": its.source},
        {"": "api", " ": its.api},
        {"": "scopes", " ": ", ".join(found.scopes) or "none"},
        {"": "types", " ": ", ".join(found.types) or "all"},
        {"": "rate", " ": f"{found.rate}/s" if found.rate else "no limit"},
        {"": "expires", " ": looks.moment(found.expires_at) or "never"},
    ]
    session.show(found.plain() | {"api": its.api, "source": its.source}, lambda: looks.table_of(rows, "", " "))


@command(
    app,
    "dead-letters",
    admin=True,
    examples="""
    notify dead-letters --by error
    notify dead-letters --type order_shipped --channel email
    """,
)
def dead_letters(
    session: Session,
    type: Annotated[str, typer.Option("--type", help="Only this type.")] = "",
    channel: Annotated[str, typer.Option("--channel", help="Only this channel.")] = "",
    error: Annotated[str, typer.Option("--error", help="Only this error.")] = "",
    state: Annotated[str, typer.Option("--state", help="parked, replayed or dropped.")] = "parked",
    by: Annotated[str, typer.Option("--by", help="Count by error, reason, type, channel, provider or priority.")] = "",
    limit: Annotated[int, typer.Option("--limit", help="How many at most.")] = 50,
) -> None:
    """Deliveries that were given up, the latest first. Needs a token with the scope `operate`."""
    if by:
        _grouped(session, by, type=type, channel=channel, error=error, state=state)
        return
    letters = session.client.dead_letters(type=type, channel=channel, error=error, state=state)
    found = list(islice(letters, limit))
    rows: list[dict[str, object]] = [
        {
            "parked": looks.moment(each.last_at),
            "notification": each.notification_id,
            "type": each.type,
            "channel": each.channel,
            "error": each.error,
            "tries": each.attempts,
            "why": each.detail or each.reason,
        }
        for each in found
    ]
    session.show(
        [each.plain() for each in found],
        lambda: (
            looks.table_of(rows, "parked", "notification", "type", "channel", "error", "tries", "why")
            if rows
            else "[green]There are none.[/]"
        ),
    )


def _grouped(session: Session, by: str, **filters: str) -> None:
    found = session.client.dead_letter_groups(by, **filters)
    rows: list[dict[str, object]] = [
        {by: each.value, "count": each.count, "oldest": looks.moment(each.oldest), "newest": looks.moment(each.newest)}
        for each in found
    ]
    session.show(
        [each.plain() for each in found],
        lambda: looks.table_of(rows, by, "count", "oldest", "newest") if rows else "[green]There are none.[/]",
    )


@app.command(
    "login",
    help="Keeps a token in a profile, in a file that only you may read. It is asked for, or read from a pipe.\n\n"
    "For example:\n\n\b\nnotify login --api https://notify.example.com/api/v1\n"
    "notify login --profile staging --api https://staging.example.com/api/v1 < token.txt",
)
def login(
    api: Annotated[str, typer.Option("--api", help="The API's address.")] = DEFAULT_API,
    profile: Annotated[str, typer.Option("--profile", help="The profile's name.")] = credentials.DEFAULT_PROFILE,
) -> None:
    """Asks the server whose token it is before it is kept."""
    token = _token()
    with Session(as_json=False, demo=False, profile=None, admin=False) as session:
        with Client(api, token) as client:
            found = client.whoami()
        path = credentials.save(profile, api=api, token=token)
        session.out.print(f"{found.name or found.user_id} is kept in {path} as the profile {profile!r}.", markup=False)


def _token() -> str:
    stdin = typer.get_text_stream("stdin")
    given: str = typer.prompt("Token", hide_input=True) if stdin.isatty() else stdin.read()
    return given.strip()
