"""When a topic's quarantine fills too fast, the topic stops instead: a fault that hits every record isn't poison.

Beyond QUARANTINE_MAX_PER_MINUTE nothing more of the topic is put aside, its bridges take nothing from it, and operators
are told. It goes on when the rate has fallen (the same fault then stops it again) or when an operator says so. Nothing
is lost meanwhile: the records stay on the log before the group's offset.

The count is in SQL, beside what was put aside; the stop is a mark in Redis, which the next record sets again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django.conf import settings
from django.db.models import Min

from delivery.alerts import AlertNote, raise_alerts
from delivery.models import QuarantinedRecord
from foundation.clock import now_ms
from foundation.errors import QuarantineFull
from foundation.redis import Unreachable, get_redis, key

WINDOW_MS = 60_000
RESUMED_FOR_MS = 3_600_000
ALERT_EVERY_MS = 600_000


def make_room(topic: str, places: Sequence[tuple[int, int]]) -> None:
    """Whether these (partition, offset) may be put aside; what is kept already counts once.

    Raises QuarantineFull: the topic is stopped now. Called inside `control_plane()`.
    """
    most = settings.QUARANTINE_MAX_PER_MINUTE
    if not most:
        return
    now = now_ms()
    lately = QuarantinedRecord.objects.filter(topic=topic, at__gt=max(now - WINDOW_MS, _resumed_at(topic)))
    count = lately.count()
    if count + len(places) <= most or _are_kept(topic, places):
        return
    oldest = lately.aggregate(oldest=Min("at"))["oldest"] or now
    _stop(topic, oldest + WINDOW_MS, now, count)
    raise QuarantineFull(f"{count} records of {topic} were quarantined within a minute: it stops")


def stops(topics: Collection[str]) -> dict[str, int]:
    """Those of `topics` that are stopped, each with until when (ms) at the latest. Raises redis.ConnectionError."""
    client: Any = get_redis()
    names = list(topics)
    found = client.mget([_mark(name) for name in names]) if names else []
    return {name: int(until) for name, until in zip(names, found, strict=True) if until is not None}


def resume(topic: str) -> bool:
    """Lets `topic` go on at once, with a new minute's count; whether it was stopped. Raises redis.ConnectionError."""
    client: Any = get_redis()
    client.set(_resumption(topic), now_ms(), px=RESUMED_FOR_MS)
    return bool(client.delete(_mark(topic)))


def _stop(topic: str, until: int, now: int, count: int) -> None:
    try:
        get_redis().set(_mark(topic), until, px=max(1, until - now))
    except Unreachable:
        return  # without Redis nothing of any topic moves
    text = f"{topic} is stopped: {count} of its records were quarantined within a minute"
    note = AlertNote(
        identity=f"quarantine:{topic}:{now // ALERT_EVERY_MS}", kind="quarantine", text=text, detail={"topic": topic}
    )
    raise_alerts([note])


def _are_kept(topic: str, places: Sequence[tuple[int, int]]) -> bool:
    kept = QuarantinedRecord.objects.filter(topic=topic, offset__in=[offset for _, offset in places])
    return set(places) <= set(kept.values_list("partition", "offset"))


def _resumed_at(topic: str) -> int:
    client: Any = get_redis()
    try:
        return int(client.get(_resumption(topic)) or 0)
    except Unreachable:
        return 0


def _mark(topic: str) -> str:
    return key("quarantine", "stopped", topic)


def _resumption(topic: str) -> str:
    return key("quarantine", "resumed", topic)
