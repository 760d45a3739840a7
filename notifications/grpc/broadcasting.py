"""Broadcast: a message into what `notifications.broadcasts.acceptance` takes, as POST /notifications/broadcast does."""

from __future__ import annotations

from typing import Any

import msgspec

from foundation.clock import now_ms
from notifications.api.parsing import from_validation
from notifications.broadcasts.acceptance import accept
from notifications.broadcasts.request import REPEATS, STRATEGIES, BroadcastAccepted, BroadcastRequest
from notifications.calls import checked_key
from notifications.grpc.caller import Caller
from notifications.grpc.proto.notifications.v1 import notification_service_pb2 as pb
from notifications.grpc.reading import common_fields, given

STRATEGY_WORDS = {int(pb.ThrottleStrategy.Value(f"THROTTLE_STRATEGY_{name.upper()}")): name for name in STRATEGIES}
REPEATS_WORDS = {int(pb.Repeats.Value(f"REPEATS_{name.upper()}")): name for name in REPEATS}
_TEXTS = ("collapse_key", "local_time")
_CANARY = tuple(field.name for field in pb.Canary.DESCRIPTOR.fields)


def accepted(message: pb.BroadcastRequest, caller: Caller) -> BroadcastAccepted:
    """Takes the broadcast; the key is the metadata's, else the field's. Raises as `acceptance.accept` does."""
    key = caller.key
    if key is None and message.HasField("idempotency_key"):
        key = checked_key(message.idempotency_key, field="idempotency_key")
    body = as_body(message)
    try:
        request = msgspec.convert(body, BroadcastRequest)
    except msgspec.ValidationError as error:
        raise from_validation(error) from None
    return accept(request, caller.token, now=now_ms(), key=key, body=body)


def as_body(message: pb.BroadcastRequest) -> dict[str, Any]:
    """REST's body of the same broadcast: under one key both are the same request. Raises InvalidRequest."""
    fields = common_fields(message) | given(message, _TEXTS)
    if message.name:
        fields["name"] = message.name
    if message.HasField("throttle"):
        fields["throttle"] = _throttle(message.throttle)
    if message.repeats:
        fields["repeats"] = REPEATS_WORDS.get(message.repeats, str(message.repeats))
    if message.HasField("canary"):
        fields["canary"] = given(message.canary, _CANARY)
    return fields


def _throttle(throttle: pb.Throttle) -> dict[str, Any]:
    fields: dict[str, Any] = {"rate": throttle.rate} if throttle.rate else {}
    if throttle.strategy:
        fields["strategy"] = STRATEGY_WORDS.get(throttle.strategy, str(throttle.strategy))
    return fields
