"""How things look in a terminal: colours by what a status means, times as clocks. Nothing here asks the server."""

from __future__ import annotations

from datetime import datetime, timezone

from rich.table import Table
from rich.text import Text

from notification_platform.answers import ChannelStatus, Explanation, NotificationStatus, TimelineEntry, Verdict
from notification_platform.people import InboxNotification

_GOOD = ("sent", "delivered", "read", "opened", "clicked", "accepted", "send")
_BAD = ("parked", "bounced", "complained", "undelivered", "failed", "in_doubt")
_QUIET = ("dropped", "drop", "cancelled")
_COLOURS = {
    **dict.fromkeys(_GOOD, "green"),
    **dict.fromkeys(_BAD, "red"),
    **dict.fromkeys(_QUIET, "yellow"),
}
UNDER_WAY = "cyan"


def word(status: str) -> Text:
    """A status in its colour."""
    return Text(status, style=_COLOURS.get(status, UNDER_WAY))


def clock(at: datetime | None, *, zone: timezone | None = None) -> str:
    """A time of day here, to the millisecond."""
    return "" if at is None else at.astimezone(zone).strftime("%H:%M:%S.%f")[:-3]


def moment(at: datetime | None) -> str:
    """Date and time here."""
    return "" if at is None else at.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def line(entry: TimelineEntry) -> Text:
    """One entry of a timeline."""
    told = Text(f"{clock(entry.at)}  ", style="dim")
    told.append(f"{entry.channel or '·':<7}", style="bold")
    told.append(word(entry.status))
    if entry.attempt > 1:
        told.append(f"  attempt {entry.attempt}")
    if entry.took_ms:
        told.append(f"  {entry.took_ms} ms", style="dim")
    said = entry.detail or entry.reason or entry.error or entry.meaning
    if said:
        told.append(f"  {said}", style="dim")
    if entry.due_at:
        told.append(f"  until {moment(entry.due_at)}", style="magenta")
    return told


def channels(found: NotificationStatus) -> Table:
    """Status per channel."""
    table = _table("channel", "status", "why")
    for name, its in found.channels.items():
        table.add_row(Text(name), word(its.status), Text(_why(its)))
    if not found.channels:
        table.add_row("·", word(found.status), "Accepted and kept; not decided yet.")
    return table


def _why(its: ChannelStatus) -> str:
    due = f" (until {moment(its.due_at)})" if its.due_at else ""
    return (its.detail or its.reason or its.meaning) + due


def verdicts(found: Explanation) -> Table:
    """What would become of an event, channel by channel."""
    table = _table("channel", "verdict", "why", "what would be shown")
    for verdict in found.channels:
        why = Text(verdict.detail or verdict.reason)
        table.add_row(Text(verdict.channel), word(verdict.verdict), why, Text(_shown(verdict)))
    return table


def _shown(verdict: Verdict) -> str:
    if verdict.template_error:
        return f"the template fails: {verdict.template_error}"
    content = verdict.rendered or {}
    return "\n".join(str(content[part]) for part in ("title", "body") if content.get(part))


def entry_line(entry: InboxNotification) -> Text:
    """One entry of an inbox."""
    told = Text("● " if not entry.read else "  ", style="blue")
    told.append(f"{moment(entry.created_at)}  ", style="dim")
    told.append(entry.title, style="" if entry.read else "bold")
    told.append(f"  {entry.body}", style="dim")
    return told


def table_of(rows: list[dict[str, object]], *columns: str) -> Table:
    """Rows by their columns."""
    table = _table(*columns)
    for row in rows:
        cells = (row[column] for column in columns)
        table.add_row(*(cell if isinstance(cell, Text) else Text(str(cell)) for cell in cells))
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
