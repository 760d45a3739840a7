"""Messages as they came, into what `notifications.accept` takes; refused in the words that REST has. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec
from google.protobuf.message import DecodeError, Message

from foundation.errors import InvalidRequest, TooLarge
from notifications.api.parsing import from_validation
from notifications.calls import Item
from notifications.grpc.proto.notifications.v1 import notification_service_pb2 as pb
from notifications.grpc.values import CHANNEL_WORDS, PRIORITY_WORDS, plain, text_of
from notifications.sending import SendRequest

M = TypeVar("M", bound=Message)
_TIMES = ("schedule_at", "expires_at")
_TEXTS = ("collapse_key", "idempotency_key")


def parsed(kind: type[M], raw: bytes, *, max_bytes: int | None = None) -> M:
    """The message in `raw`. Raises TooLarge over `max_bytes`, InvalidRequest for what can't be read."""
    if max_bytes is not None and len(raw) > max_bytes:
        raise TooLarge(
            f"The message is over {max_bytes} bytes.",
            field="$",
            remedy="Send less: keep what templates don't show out of `data`.",
        )
    try:
        return kind.FromString(raw)
    except DecodeError:
        raise InvalidRequest(
            f"This is no {kind.DESCRIPTOR.full_name}: broken off, nested too deeply, or with text that isn't UTF-8.",
            field="$",
            remedy="Send what code made from our .proto files writes; flatten `data`.",
        ) from None


def item(message: pb.SendRequest) -> Item:
    """The event, or the refusal of what can't be one."""
    try:
        return as_request(message)
    except InvalidRequest as refusal:
        return refusal


def as_request(message: pb.SendRequest) -> SendRequest:
    """The event as every boundary knows it. Raises InvalidRequest with REST's field names."""
    fields = common_fields(message) | given(message, _TEXTS)
    try:
        return msgspec.convert(fields, SendRequest)
    except msgspec.ValidationError as error:
        raise from_validation(error) from None


def common_fields(message: pb.SendRequest | pb.BroadcastRequest) -> dict[str, Any]:
    """What events and broadcasts share, as REST's body has it; what isn't given isn't there. Raises InvalidRequest."""
    fields: dict[str, Any] = {}
    if message.type:
        fields["type"] = message.type
    if message.HasField("target"):
        fields["target"] = _target(message.target)
    if message.HasField("data"):
        fields["data"] = plain(message.data, "data")
    if message.priority:
        fields["priority"] = PRIORITY_WORDS.get(message.priority, str(message.priority))
    if message.channels:
        fields["channels"] = [CHANNEL_WORDS.get(number, str(number)) for number in message.channels]
    for name in _TIMES:
        if message.HasField(name):
            fields[name] = text_of(getattr(message, name), name)
    return fields


def given(message: Message, names: Iterable[str]) -> dict[str, Any]:
    """Those optional fields that are given."""
    return {name: getattr(message, name) for name in names if message.HasField(name)}


def _target(target: pb.Target) -> dict[str, str]:
    """REST's `target.type` is which of the two is set; nothing set is a user without a name."""
    match target.WhichOneof("target"):
        case "segment":
            return {"type": "segment", "segment": target.segment}
        case "user_id":
            return {"type": "user", "user_id": target.user_id}
    return {"type": "user"}
