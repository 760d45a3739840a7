"""REST's bodies as messages: what of them a message can say, and why not where it can't."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from google.protobuf.message import DecodeError
from google.protobuf.struct_pb2 import Struct, Value

from notifications.grpc.proto.notifications.v1 import notification_service_pb2 as pb

NO_SUCH_NUMBER = 99
STRUCT_HOLDS = 2**53
BROADCAST_FIELDS = {field.name for field in pb.BroadcastRequest.DESCRIPTOR.fields}
FIELDS = {field.name for field in pb.SendRequest.DESCRIPTOR.fields}


class CantBeSaid(Exception):
    """A message has no way to hold this, so gRPC needs no refusal for it."""


def as_message(raw: bytes) -> pb.SendRequest:
    """The body as a message. Raises CantBeSaid."""
    try:
        body = json.loads(raw, strict=False)
    except (ValueError, RecursionError):
        raise CantBeSaid("it is no JSON") from None
    if not isinstance(body, dict) or body.keys() - FIELDS:
        raise CantBeSaid("it is no object of the known fields")
    try:
        return _message({name: value for name, value in body.items() if value is not None})
    except (TypeError, ValueError, DecodeError) as error:
        raise CantBeSaid(str(error)) from error


def as_broadcast(body: dict[str, Any]) -> pb.BroadcastRequest:
    """A broadcast's body as a message. Raises CantBeSaid."""
    if body.keys() - BROADCAST_FIELDS:
        raise CantBeSaid("it has a field that isn't known")
    message = _renumbered(_message({name: value for name, value in body.items() if name in FIELDS}))
    try:
        for name in {"name", "local_time"} & body.keys():
            setattr(message, name, body[name])
        if "throttle" in body:
            message.throttle.CopyFrom(_throttle(**body["throttle"]))
        if "canary" in body:
            message.canary.CopyFrom(pb.Canary(**body["canary"]))
    except (TypeError, ValueError) as error:
        raise CantBeSaid(str(error)) from error
    if "repeats" in body:
        message.repeats = _number(pb.Repeats, "REPEATS", body["repeats"])
    return message


def _renumbered(event: pb.SendRequest) -> pb.BroadcastRequest:
    """What events and broadcasts share has the same names but not the same numbers."""
    message = pb.BroadcastRequest()
    for field, value in event.ListFields():
        if field.name == "channels":
            message.channels.extend(value)
        elif field.message_type:
            getattr(message, field.name).CopyFrom(value)
        else:
            setattr(message, field.name, value)
    return message


def _throttle(rate: int = 0, strategy: str = "") -> pb.Throttle:
    number = _number(pb.ThrottleStrategy, "THROTTLE_STRATEGY", strategy) if strategy else 0
    return pb.Throttle(rate=rate, strategy=number)


def _message(body: dict[str, Any]) -> pb.SendRequest:
    message = pb.SendRequest(type=body.get("type", ""))
    if "target" in body:
        message.target.CopyFrom(_target(dict(body["target"])))
    if "data" in body:
        message.data.CopyFrom(_struct(body["data"]))
    if "priority" in body:
        message.priority = _number(pb.Priority, "PRIORITY", body["priority"])
    if body.get("channels") == []:
        raise CantBeSaid("an empty list is one that isn't given")
    message.channels.extend(_number(pb.Channel, "CHANNEL", name) for name in body.get("channels", ()))
    for name in {"schedule_at", "expires_at"} & body.keys():
        at = datetime.fromisoformat(body[name])
        if at.tzinfo is None:
            raise CantBeSaid("a Timestamp is UTC")
        getattr(message, name).FromDatetime(at)
    for name in {"collapse_key", "idempotency_key"} & body.keys():
        setattr(message, name, body[name])
    return message


def _target(target: dict[str, Any]) -> pb.Target:
    target.pop("type")
    return pb.Target(**target)


def _number(kind: Any, prefix: str, word: str) -> int:
    name = f"{prefix}_{word.upper()}"
    return kind.Value(name) if name in kind.DESCRIPTOR.values_by_name else NO_SUCH_NUMBER


def _struct(data: Any) -> Struct:
    if not isinstance(data, dict):
        raise CantBeSaid("a Struct is an object")
    return Struct(fields={name: _value(value) for name, value in data.items()})


def _value(value: Any) -> Value:
    if isinstance(value, dict):
        return Value(struct_value=_struct(value))
    if isinstance(value, list):
        made = Value()
        made.list_value.values.extend(_value(each) for each in value)
        return made
    if value is None:
        return Value(null_value=0)
    if isinstance(value, bool):
        return Value(bool_value=value)
    if isinstance(value, str):
        return Value(string_value=value)
    if isinstance(value, int) and abs(value) > STRUCT_HOLDS:
        raise CantBeSaid("a Struct's numbers are doubles")
    return Value(number_value=value)
