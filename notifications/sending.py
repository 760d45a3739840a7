"""What a caller sends and is told (contract §2, brief): plain values, for REST, gRPC and the command line alike."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

ChannelName = Literal["in_app", "push", "email", "sms"]
PriorityName = Literal["critical", "high", "normal", "low"]
UserId = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
TypeName = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
COLLAPSE_KEY_MAX = 64  # what APNs takes as apns-collapse-id
IDEMPOTENCY_KEY_MAX = 255


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who gets it: one user. Segments are for broadcasts."""

    type: Literal["user"]
    user_id: UserId


class SendRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One event as a service sends it. Times are RFC 3339 with a zone."""

    type: TypeName
    target: Target
    data: dict[str, Any] = {}
    priority: PriorityName | None = None
    channels: Annotated[list[ChannelName], msgspec.Meta(min_length=1, max_length=8)] | None = None
    schedule_at: str | None = None
    expires_at: str | None = None
    collapse_key: Annotated[str, msgspec.Meta(min_length=1, max_length=COLLAPSE_KEY_MAX)] | None = None
    idempotency_key: Annotated[str, msgspec.Meta(min_length=1, max_length=IDEMPOTENCY_KEY_MAX)] | None = None


class Accepted(msgspec.Struct, frozen=True):
    """One event was taken: it is durable. The fields are the answer's, in the brief's order."""

    notification_id: str
    status: Literal["accepted"]
    estimated_channels: list[str]
