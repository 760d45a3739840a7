"""What callers are told, as messages: what was accepted, what became of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from notifications.accept import Result
from notifications.broadcasts.request import BroadcastAccepted
from notifications.grpc.proto.notifications.v1 import notification_service_pb2 as pb
from notifications.grpc.refusing import status_of
from notifications.grpc.values import CHANNEL_NUMBERS, PRIORITY_NUMBERS, struct_of, time_of
from notifications.sending import Accepted

_ENTRY_TIMES = ("at", "started_at", "due_at")


def accepted(result: Accepted) -> pb.SendResponse:
    """The answer to an event that is durable."""
    channels = [CHANNEL_NUMBERS[name] for name in result.estimated_channels]
    return pb.SendResponse(
        notification_id=result.notification_id,
        status=result.status,
        estimated_channels=channels,  # type: ignore[arg-type]  # an enum's number is what it is made of
    )


def batch(results: Sequence[Result]) -> pb.SendBatchResponse:
    """The answer to one SendBatchRequest: a result for each of its notifications, in order."""
    told = [
        pb.SendBatchResult(accepted=accepted(result))
        if isinstance(result, Accepted)
        else pb.SendBatchResult(error=status_of(result, f"notifications[{index}]"))
        for index, result in enumerate(results)
    ]
    taken = sum(isinstance(result, Accepted) for result in results)
    return pb.SendBatchResponse(accepted=taken, refused=len(told) - taken, results=told)


def broadcast(result: BroadcastAccepted) -> pb.BroadcastResponse:
    """The answer to a broadcast that is kept."""
    return pb.BroadcastResponse(
        broadcast_id=result.broadcast_id,
        estimated_recipients=result.estimated_recipients,
        estimated_duration_minutes=result.estimated_duration_minutes,
    )


def status(told: dict[str, Any]) -> pb.GetStatusResponse:
    """REST's answer to the same question as a message."""
    return pb.GetStatusResponse(
        notification_id=told["notification_id"],
        user_id=told["user_id"],
        type=told["type"],
        priority=PRIORITY_NUMBERS[told["priority"]],  # type: ignore[arg-type]
        status=told["status"],
        category=told.get("category") or "",
        lane=told.get("lane") or "",
        broadcast_id=told.get("broadcast_id") or "",
        accepted_at=time_of(told.get("accepted_at")),
        schedule_at=time_of(told.get("schedule_at")),
        expires_at=time_of(told.get("expires_at")),
        channels=channels(told),
        timeline=[entry(each) for each in told["timeline"]],
        event=_event(told["event"]) if "event" in told else None,
    )


def channels(told: dict[str, Any]) -> list[pb.ChannelStatus]:
    """Each channel decided on, as it is now."""
    return [
        pb.ChannelStatus(
            channel=CHANNEL_NUMBERS[name],  # type: ignore[arg-type]
            **{part: value for part, value in its.items() if part != "due_at"},
            due_at=time_of(its.get("due_at")),
        )
        for name, its in told["channels"].items()
    ]


def entry(told: dict[str, Any]) -> pb.TimelineEntry:
    """One line of a timeline."""
    given = dict(told)
    times: dict[str, Any] = {name: time_of(given.pop(name, None)) for name in _ENTRY_TIMES}
    took, channel = given.pop("took_ms", None), given.pop("channel", None)
    made = pb.TimelineEntry(**given, **times)
    if channel:
        made.channel = CHANNEL_NUMBERS[channel]  # type: ignore[assignment]
    if took is not None:
        made.took.FromMilliseconds(took)
    return made


def _event(told: dict[str, Any]) -> pb.SendRequest:
    numbers = [CHANNEL_NUMBERS[name] for name in told["channels"] or ()]
    return pb.SendRequest(
        type=told["type"],
        target=pb.Target(user_id=told["target"]["user_id"]),
        data=struct_of(told["data"]),
        priority=PRIORITY_NUMBERS[told["priority"]],  # type: ignore[arg-type]
        channels=numbers,  # type: ignore[arg-type]
        schedule_at=time_of(told["schedule_at"]),
        expires_at=time_of(told["expires_at"]),
        collapse_key=told.get("collapse_key"),
    )
