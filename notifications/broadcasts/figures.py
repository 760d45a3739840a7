"""How a broadcast stands, as plain values: for `GET /broadcasts/{id}` and the admin's page of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec

from foundation.clock import to_rfc3339
from notifications import status as words
from notifications.broadcasts import book, ledger, states
from notifications.broadcasts.models import Broadcast, Walk


class ChannelFigures(msgspec.Struct, frozen=True, kw_only=True):
    """A channel: recipients by what became of them. `not_yet`: frozen and without any word; `sent` holds what came
    after it too. `detail` has every word of the ledger."""

    sent: int
    dropped: dict[str, int]
    failed: int
    in_flight: int
    not_yet: int
    cancelled: int
    detail: dict[str, int]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A broadcast as it is now. `audience` is 0 until it is frozen; `settled` when every delivery has its outcome."""

    state: str
    audience: int
    is_frozen: bool
    expanded: int
    channels: dict[str, ChannelFigures]
    stops_for: str

    @property
    def settled(self) -> bool:
        return self.is_frozen and all(not each.in_flight and not each.not_yet for each in self.channels.values())

    @property
    def percent(self) -> float:
        """How much of the audience is out."""
        return 100.0 * self.expanded / self.audience if self.audience else 0.0


def standing(row: Broadcast, walk: Walk | None = None) -> Standing:
    """How `row` stands. One query for the walk, one for the ledger's counts."""
    walk = walk or Walk.objects.get(pk=row.pk)
    found = book.figures(row.pk)
    expanded = walk.audience if row.state != states.CANCELLED else walk.expanded
    out = {channel: walk.audience if row.pull and channel == "in_app" else expanded for channel in row.channels}
    return Standing(
        state=row.state,
        audience=walk.audience,
        is_frozen=walk.is_frozen,
        expanded=walk.expanded,
        channels={
            channel: _channel(found.get(channel, Counter()), out[channel], walk.audience) for channel in row.channels
        },
        stops_for=walk.stops_for,
    )


def _channel(counts: Mapping[str, int], out: int, audience: int) -> ChannelFigures:
    buckets: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    cancelled = 0
    for word, count in counts.items():
        status, _, reason = word.partition(":")
        if status == ledger.AVAILABLE:
            buckets[words.LEDGER_DELIVERED] += count
        elif reason == words.CANCELLED or status == words.CANCELLED:
            cancelled += count
        elif words.ledger_bucket(status) == words.LEDGER_DROPPED:
            dropped[reason or status] += count
        else:
            buckets[words.ledger_bucket(status)] += count
    told = sum(counts.values())
    return ChannelFigures(
        sent=buckets[words.LEDGER_DELIVERED],
        dropped=dict(dropped.most_common()),
        failed=buckets[words.LEDGER_PARKED],
        in_flight=buckets[words.LEDGER_IN_FLIGHT],
        not_yet=max(0, out - told),
        cancelled=cancelled + audience - out,
        detail=dict(sorted(counts.items())),
    )


def told(row: Broadcast) -> dict[str, Any]:
    """The answer of `GET /broadcasts/{id}`."""
    now = standing(row)
    return {
        "broadcast_id": row.pk,
        "name": row.name,
        "state": row.state,
        "why": row.why,
        "type": row.type,
        "priority": row.priority,
        "segment": row.segment,
        "channels": row.channels,
        "throttle": {"rate": row.rate, "strategy": row.strategy},
        "estimated_recipients": row.size,
        "estimate": row.estimate,
        "fan_out": "read" if row.pull else "write",
        "recipients": now.audience if now.is_frozen else None,
        "expanded": now.expanded,
        "percent": round(now.percent, 1),
        "settled": now.settled,
        "waits_for": now.stops_for,
        "ledger": {channel: msgspec.to_builtins(each) for channel, each in now.channels.items()},
        "proposed_by": row.proposed_by,
        "approved_by": row.approved_by,
        **{
            name: None if (ms := getattr(row, name)) is None else to_rfc3339(ms)
            for name in ("created_at", "schedule_at", "approved_at", "started_at", "finished_at", "recalled_at")
        },
    }
