"""Plain values from and to what protobuf has for them: structs, times, enums. Pure."""

from __future__ import annotations

from typing import Any

from google.protobuf.struct_pb2 import NullValue, Struct, Value
from google.protobuf.timestamp_pb2 import Timestamp

from foundation.clock import from_rfc3339, to_rfc3339
from notifications.grpc.proto.notifications.v1 import notification_service_pb2 as pb
from notifications.payload import Flaw
from notifications.topology import CHANNELS, PRIORITIES
from notifications.validation import refusal_of

EXACT_MAX = 2**53  # beyond it a double, which is what a Struct holds, has no room for every whole number
WIDEST = 2.0**64
MS, NANOS = 1_000, 1_000_000_000

PRIORITY_WORDS = {int(pb.Priority.Value(f"PRIORITY_{name.upper()}")): name for name in PRIORITIES}
CHANNEL_WORDS = {int(pb.Channel.Value(f"CHANNEL_{name.upper()}")): name for name in CHANNELS}
PRIORITY_NUMBERS = {name: number for number, name in PRIORITY_WORDS.items()}
CHANNEL_NUMBERS = {name: number for number, name in CHANNEL_WORDS.items()}


def plain(struct: Struct, path: str) -> dict[str, Any]:
    """A Struct as JSON holds it; whole numbers come out as such. Raises InvalidRequest, the place named below `path`.

    On the hot path: most values are short strings.
    """
    return {name: value.string_value or _plain(value, f"{path}.{name}") for name, value in struct.fields.items()}


def _plain(value: Value, path: str) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "number_value":
        return _number(value.number_value, path)
    if kind == "struct_value":
        return plain(value.struct_value, path)
    if kind == "list_value":
        return [_plain(each, f"{path}[{index}]") for index, each in enumerate(value.list_value.values)]
    return None if kind in (None, "null_value") else getattr(value, kind)


def _number(number: float, path: str) -> float | int:
    if not number.is_integer() or abs(number) >= WIDEST:
        return number
    if abs(number) > EXACT_MAX:
        flaw = "is a whole number beyond 2^53, which a Struct can't hold exactly"
        raise refusal_of(Flaw(path, flaw, "Send it as a string."))
    return int(number)


def text_of(time: Timestamp, path: str) -> str:
    """A Timestamp as RFC 3339, whole milliseconds. Raises InvalidRequest outside the years 1 to 9999."""
    try:
        if not 0 <= time.nanos < NANOS:
            raise ValueError("nanos are outside 0 to 999,999,999")
        return to_rfc3339(time.seconds * MS + time.nanos * MS // NANOS)
    except (ValueError, OverflowError, OSError) as error:
        raise refusal_of(
            Flaw(path, f"is not a time: {error}", "Give seconds since 1970 UTC within the years 1 to 9999.")
        ) from None


def time_of(text: str | None) -> Timestamp | None:
    """RFC 3339 as a Timestamp; None for nothing."""
    if not text:
        return None
    ms = from_rfc3339(text)
    return Timestamp(seconds=ms // MS, nanos=ms % MS * (NANOS // MS))


def struct_of(data: dict[str, Any]) -> Struct:
    """What JSON holds as a Struct; whole numbers beyond 2^53 as strings, so that no digit is lost."""
    return Struct(fields={name: _value(value) for name, value in data.items()})


def _value(value: Any) -> Value:
    if isinstance(value, bool):
        return Value(bool_value=value)
    if isinstance(value, int) and abs(value) > EXACT_MAX:
        return Value(string_value=str(value))
    if isinstance(value, int | float):
        return Value(number_value=value)
    if isinstance(value, str):
        return Value(string_value=value)
    if isinstance(value, dict):
        return Value(struct_value=struct_of(value))
    if isinstance(value, list):
        made = Value()
        made.list_value.values.extend(_value(each) for each in value)
        return made
    return Value(null_value=NullValue.NULL_VALUE)
