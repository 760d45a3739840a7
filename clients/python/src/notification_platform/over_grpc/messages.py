"""Between the bodies and answers of REST and gRPC's messages, so that the operations needn't know. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from notification_platform.errors import BadAnswer, InvalidRequest, PlatformError, Unreachable, of_problem
from notification_platform.over_grpc import notification_service_pb2 as pb
from notification_platform.steps import Call

_PRIORITY, _CHANNEL = "PRIORITY_", "CHANNEL_"
_AWAY = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED", "ABORTED"})


def request_of(call: Call[Any]) -> Message:
    """The message for a call. Raises InvalidRequest for what a message can't hold."""
    if call.name == "status":
        return pb.GetStatusRequest(notification_id=call.path.rpartition("/")[2])
    body = msgspec.json.decode(call.body)
    if call.name == "send_batch":
        return _parsed({"notifications": [_event(each) for each in body["notifications"]]}, pb.SendBatchRequest())
    return _parsed(_event(body), pb.BroadcastRequest() if call.name == "broadcast" else pb.SendRequest())


def _event(body: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: value for name, value in body.items() if value is not None}
    told["target"] = {name: value for name, value in body["target"].items() if name != "type"}
    if "priority" in told:
        told["priority"] = _PRIORITY + told["priority"].upper()
    if "channels" in told:
        told["channels"] = [_CHANNEL + name.upper() for name in told["channels"]]
    if "repeats" in told:
        told["repeats"] = f"REPEATS_{told['repeats'].upper()}"
    if "strategy" in told.get("throttle", {}):
        told["throttle"] = told["throttle"] | {"strategy": f"THROTTLE_STRATEGY_{told['throttle']['strategy'].upper()}"}
    return told


def _parsed(told: dict[str, Any], message: Message) -> Message:
    try:
        return ParseDict(told, message)
    except ParseError as error:
        raise InvalidRequest(
            f"It doesn't fit into gRPC's message: {error}.", code="invalid_request", remedy="Correct the value."
        ) from None


def answer_of(call: Call[Any], message: Message) -> Any:
    """A message as REST's answer to the same. Raises BadAnswer."""
    told = MessageToDict(message, preserving_proto_field_name=True)
    if call.name == "send":
        told = _accepted(told)
    elif call.name == "send_batch":
        told = {"results": [_result(each) for each in getattr(message, "results", ())]}
    elif call.name == "status":
        told = _status(told)
    elif call.name == "broadcast":
        told["estimated_recipients"] = int(told.get("estimated_recipients", 0))  # 64 bits travel as text
        told.setdefault("estimated_duration_minutes", 0.0)
    try:
        return msgspec.convert(told, call.answer)
    except msgspec.ValidationError as error:
        raise BadAnswer(f"The answer can't be read as {call.answer.__name__}: {error}.") from None


def _accepted(told: Mapping[str, Any]) -> dict[str, Any]:
    return {**told, "estimated_channels": [_channel(name) for name in told.get("estimated_channels", ())]}


def _result(result: pb.SendBatchResult) -> dict[str, Any]:
    if result.HasField("accepted"):
        return _accepted(MessageToDict(result.accepted, preserving_proto_field_name=True))
    return {"status": "refused", "error": _problem(result.error) or {"detail": result.error.message}}


def _status(told: Mapping[str, Any]) -> dict[str, Any]:
    channels = {_channel(each["channel"]): each for each in told.get("channels", ())}
    return {
        "lane": "",
        **told,
        "priority": told.get("priority", "").removeprefix(_PRIORITY).lower(),
        "channels": {name: _without(each, "channel") for name, each in channels.items()},
        "timeline": [_entry(each) for each in told.get("timeline", ())],
    }


def _entry(told: Mapping[str, Any]) -> dict[str, Any]:
    entry = _without(told, "took", "channel")
    if "channel" in told:
        entry["channel"] = _channel(told["channel"])
    if "took" in told:
        entry["took_ms"] = round(float(told["took"].removesuffix("s")) * 1000)
    return entry


def _without(told: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name not in names}


def _channel(name: str) -> str:
    return name.removeprefix(_CHANNEL).lower()


def error_of(code: str, said: str, details: bytes | None) -> PlatformError:
    """What a call that ended with `code` (a status code's name) met."""
    problem = _problem(Status.FromString(details)) if details else None
    if problem:
        return of_problem(problem)
    if code in _AWAY:
        return Unreachable(f"No answer over gRPC: {said or code}")
    return BadAnswer(f"The server ended the call with {code}: {said}")


def _problem(status: Status) -> dict[str, Any] | None:
    """The problem details within a status, with the types that REST gives them."""
    told: dict[str, Any] = {}
    for each in status.details:
        if each.Is(ErrorInfo.DESCRIPTOR):
            info = ErrorInfo()
            each.Unpack(info)
            told |= dict(info.metadata)
        elif each.Is(RetryInfo.DESCRIPTOR):
            retry = RetryInfo()
            each.Unpack(retry)
            told["retry_after"] = retry.retry_delay.ToMilliseconds() / 1000
    if "code" not in told or "detail" not in told:
        return None
    told["status"] = int(told["status"]) if str(told.get("status", "")).isdigit() else 400
    if isinstance(told.get("retry_after"), str):
        del told["retry_after"]
    return told
