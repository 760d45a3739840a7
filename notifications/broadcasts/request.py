"""What a caller sends for a broadcast and is told (brief, contract §7): plain values, for REST, gRPC and the admin."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from notifications.sending import COLLAPSE_KEY_MAX, ChannelName, PriorityName, TypeName

ROUND_ROBIN = "round_robin"
STRATEGIES = (ROUND_ROBIN,)
REPEATS = ("daily", "weekly", "monthly")
RATE_MAX = 1_000_000
Percent = Annotated[float, msgspec.Meta(ge=0, le=100)]


class SegmentTarget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who gets it: everybody in a segment."""

    type: Literal["segment"]
    segment: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class Throttle(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`rate` recipients a second at most (0: as the channels take it), spread over partitions by `strategy`."""

    rate: Annotated[int, msgspec.Meta(ge=0, le=RATE_MAX)] = 0
    strategy: str = ROUND_ROBIN


class Canary(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first `percent` go out, then it is looked at for `hold_s`; each rate, in percent of what was sent, that is
    above its figure halts the broadcast."""

    percent: Annotated[float, msgspec.Meta(gt=0, le=50)] = 1.0
    hold_s: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = 600
    failed: Percent = 5.0
    bounced: Percent = 2.0
    complained: Percent = 0.1
    unsubscribed: Percent = 1.0


class BroadcastRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A broadcast as it is asked for. Times are RFC 3339 with a zone; `local_time` is "HH:MM" where each user is."""

    type: TypeName
    target: SegmentTarget
    data: dict[str, Any] = {}
    priority: PriorityName | None = None
    channels: Annotated[list[ChannelName], msgspec.Meta(min_length=1, max_length=8)] | None = None
    throttle: Throttle = Throttle()
    name: Annotated[str, msgspec.Meta(max_length=120)] = ""
    schedule_at: str | None = None
    expires_at: str | None = None
    collapse_key: Annotated[str, msgspec.Meta(min_length=1, max_length=COLLAPSE_KEY_MAX)] | None = None
    local_time: Annotated[str, msgspec.Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] | None = None
    repeats: Literal["daily", "weekly", "monthly"] | None = None
    canary: Canary | None = None


class BroadcastAccepted(msgspec.Struct, frozen=True):
    """The answer, in the brief's order."""

    broadcast_id: str
    estimated_recipients: int
    estimated_duration_minutes: int
