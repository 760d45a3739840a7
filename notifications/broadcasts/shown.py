"""A broadcast as its page shows it: words and figures, ready to be printed. No HTML."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from foundation.clock import now_ms
from notifications.broadcasts import acceptance, figures, states
from notifications.broadcasts.figures import ChannelFigures, Standing
from notifications.broadcasts.models import Broadcast, Walk
from notifications.words import sentence
from preferences.channels import LABELS

STATE_COLOURS = {
    states.DRAFT: "info",
    states.WAITING: "warning",
    states.SCHEDULED: "info",
    states.RUNNING: "primary",
    states.PAUSED: "warning",
    states.HELD: "warning",
    states.HALTED: "danger",
    states.FINISHED: "success",
    states.CANCELLED: "danger",
}
MOVING = frozenset({states.SCHEDULED, states.RUNNING, states.PAUSED, states.HELD})
SEGMENTS_OF_BAR = (
    ("sent", "sent", "bg-green-600"),
    ("in_flight", "on the way", "bg-primary-500"),
    ("dropped", "dropped", "bg-base-400"),
    ("failed", "failed", "bg-red-600"),
    ("cancelled", "cancelled", "bg-orange-400"),
)
SLIDER = (1, 10, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 0)
"""Recipients a second at the slider's stops; the last: as the channels take it."""


class Bar(msgspec.Struct, frozen=True):
    """A piece of a channel's bar."""

    label: str
    count: int
    percent: float
    colour: str


class ChannelShown(msgspec.Struct, frozen=True):
    """A channel's line: its bar, and why deliveries were dropped."""

    name: str
    bars: list[Bar]
    not_yet: int
    reasons: list[tuple[str, str, int]]


def live(row: Broadcast, walk: Walk | None = None) -> dict[str, Any]:
    """What changes while it runs."""
    walk = walk or Walk.objects.get(pk=row.pk)
    now = figures.standing(row, walk)
    return {
        "row": row,
        "standing": now,
        "percent": f"{now.percent:.1f}",
        "colour": STATE_COLOURS[row.state],
        "channels": [_channel(name, each, now) for name, each in now.channels.items()],
        "left": _left(row, now),
        "slider": _slider(row.rate),
        "stops": len(SLIDER) - 1,
        "rate_words": rate_words(row.rate),
        "can": {action: states.can(row.state, action) for action in (states.PAUSE, states.RESUME, states.CANCEL)},
        "is_over": row.state in states.OVER,
        "is_started": row.state in states.STARTED or row.started_at is not None,
        "polls": row.state in MOVING | {states.WAITING} or (row.started_at is not None and not now.settled),
        "times": _times(row),
    }


def _channel(name: str, its: ChannelFigures, now: Standing) -> ChannelShown:
    counts = {**msgspec.structs.asdict(its), "dropped": sum(its.dropped.values())}
    whole = max(1, now.audience)
    bars = [Bar(label, counts[key], round(100 * counts[key] / whole, 2), c) for key, label, c in SEGMENTS_OF_BAR]
    reasons = [(reason, sentence(reason), count) for reason, count in its.dropped.items()]
    return ChannelShown(LABELS.get(name, name), bars, its.not_yet, reasons)


def _left(row: Broadcast, now: Standing) -> str:
    if row.state != states.RUNNING or not row.rate or not now.is_frozen:
        return ""
    return duration((now.audience - now.expanded) / row.rate)


def _slider(rate: int) -> int:
    if not rate:
        return len(SLIDER) - 1
    return min(range(len(SLIDER) - 1), key=lambda place: abs(SLIDER[place] - rate))


def rate_words(rate: int) -> str:
    """A rate as people read it."""
    return f"{rate:,} a second" if rate else "as fast as the channels take it"


def rate_of_slider(place: int) -> int:
    """The rate at one of its stops. Raises IndexError."""
    return SLIDER[place]


def _times(row: Broadcast) -> list[tuple[str, datetime]]:
    named = (
        ("made", row.created_at),
        ("not before", row.schedule_at),
        ("approved", row.approved_at),
        ("started", row.started_at),
        ("ended", row.finished_at),
        ("recalled", row.recalled_at),
    )
    return [(name, datetime.fromtimestamp(ms / 1_000, UTC)) for name, ms in named if ms]


def estimate(row: Broadcast) -> dict[str, Any]:
    """What it would do, as far as it is counted."""
    found = row.estimate or {}
    counted, done = found.get("counted", 0), found.get("done", False)
    whole = 1 if done else row.size / max(1, counted)  # a half that is counted takes half as long
    drops: dict[str, dict[str, int]] = found.get("drops", {})
    rows = [
        (
            LABELS.get(channel, channel),
            found.get("sends", {}).get(channel, 0),
            found.get("deferred", {}).get(channel, 0),
            [(reason, sentence(reason), count) for reason, count in drops.get(channel, {}).items()],
        )
        for channel in row.channels
    ]
    return {
        "recipients": counted if done else row.size,
        "counted": counted,
        "done": done,
        "counted_percent": round(100 * counted / max(1, row.size, counted)),
        "rows": rows,
        "sms": found.get("sms_segments", 0),
        "sms_cost": found.get("sms_cost", "0"),
        "currency": found.get("currency", ""),
        "expansion": duration(whole * (found.get("expansion_s") or 0)),
        "delivery": duration(whole * (found.get("delivery_s") or 0)),
        "needs_two": acceptance.needs_second_person(row),
    }


def duration(seconds: float) -> str:
    """In words: "4 s", "12 min", "2.3 h"."""
    if seconds == float("inf"):
        return "as the channels take it"
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5_400 else f"{seconds / 3_600:.1f} h"


def age(ms: int | None) -> str:
    """How long ago."""
    return duration((now_ms() - ms) / 1_000) + " ago" if ms else ""
