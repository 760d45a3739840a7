"""What is given on a command line: events' data and times."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import msgspec
import typer

_SPAN = re.compile(r"\+?(\d+)(s|m|h|d)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

Type = Annotated[str, typer.Argument(help="A notification type; `notify types` lists them.", show_default=False)]
User = Annotated[str, typer.Option("--user", "-u", help="The user's id.", show_default=False)]
Data = Annotated[
    list[str] | None,
    typer.Option("--data", "-d", metavar="NAME=VALUE", help="What the templates show; NAME:=JSON for what isn't text."),
]
Channels = Annotated[
    list[str] | None, typer.Option("--channel", "-c", help="Only these of the type's channels; can be repeated.")
]
Priority = Annotated[str | None, typer.Option("--priority", help="critical, high, normal or low.")]
At = Annotated[str | None, typer.Option("--at", help="Later: RFC 3339, or from now: 10m, 2h, 1d.")]
Key = Annotated[str | None, typer.Option("--key", help="Your own idempotency key; without it a new one is made.")]
Id = Annotated[str, typer.Argument(help="notif_…", show_default=False)]


def data_of(pairs: list[str] | None) -> dict[str, Any]:
    """NAME=VALUE as text, NAME:=JSON as JSON. Raises BadParameter, which names the pair."""
    found: dict[str, Any] = {}
    for pair in pairs or ():
        name, sign, value = pair.partition("=")
        if not sign or not name.removesuffix(":"):
            raise typer.BadParameter(f"{pair!r} isn't NAME=VALUE or NAME:=JSON.", param_hint="--data")
        found[name.removesuffix(":")] = _json(pair, value) if name.endswith(":") else value
    return found


def _json(pair: str, value: str) -> Any:
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError as error:
        raise typer.BadParameter(f"{pair!r}: {error}.", param_hint="--data") from None


def time_of(text: str | None) -> str | datetime | None:
    """A span from now as its time; anything else is the server's to read."""
    span = _SPAN.fullmatch(text or "")
    return datetime.now(UTC) + timedelta(**{_UNITS[span[2]]: int(span[1])}) if span else text
