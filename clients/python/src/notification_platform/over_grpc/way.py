"""The calls that go over gRPC, blocking and awaited. What gRPC has no method for goes over REST."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

import grpc
import grpc.aio

from notification_platform.errors import BadAnswer, NotConfigured
from notification_platform.over_grpc.messages import answer_of, error_of, request_of
from notification_platform.over_grpc.notification_service_pb2_grpc import NotificationServiceStub
from notification_platform.steps import Call

METHODS = {"send": "Send", "send_batch": "SendBatch", "status": "GetStatus", "broadcast": "Broadcast"}
STREAMED = "send_batch"
DETAILS = "grpc-status-details-bin"
MOST_BYTES = 16 * 1024**2
OPTIONS = [("grpc.max_receive_message_length", MOST_BYTES), ("grpc.max_send_message_length", MOST_BYTES)]
SYSTEM = "system"

Tls: TypeAlias = "str | PathLike[str] | grpc.ChannelCredentials | None"


def credentials(tls: Tls) -> grpc.ChannelCredentials | None:
    """`tls` as a channel wants it: the PEM file of a CA, "system" for the machine's CAs, gRPC's own credentials; None:
    clear text. Raises NotConfigured for a file that can't be read."""
    if not isinstance(tls, str | PathLike):
        return tls
    if tls == SYSTEM:
        return grpc.ssl_channel_credentials()
    try:
        return grpc.ssl_channel_credentials(Path(tls).read_bytes())
    except OSError as error:
        raise NotConfigured(f"The CA for gRPC can't be read: {error}. Give a PEM file, or {SYSTEM!r}.") from error


class _Way:
    """What both have."""

    def __init__(self, token: str, channel: Any) -> None:
        self._token = token
        self._channel = channel
        self._stub = NotificationServiceStub(channel)

    def takes(self, call: Call[Any]) -> bool:
        """Whether gRPC has a method for it."""
        return call.name in METHODS

    def _metadata(self, call: Call[Any]) -> tuple[tuple[str, str], ...]:
        own = (("authorization", f"Bearer {self._token}"),)
        return own if call.key is None else (*own, ("idempotency-key", call.key))

    def _options(self, call: Call[Any], timeout_s: float) -> dict[str, Any]:
        return {"metadata": self._metadata(call), "timeout": timeout_s + call.wait_s}


class BlockingWay(_Way):
    """Over a channel of its own."""

    def __init__(self, target: str, token: str, tls: Tls = None) -> None:
        secured = credentials(tls)
        channel = grpc.secure_channel(target, secured, OPTIONS) if secured else grpc.insecure_channel(target, OPTIONS)
        super().__init__(token, channel)

    def ask(self, call: Call[Any], timeout_s: float) -> Any:
        """The call's answer. Raises what it met."""
        method, request = getattr(self._stub, METHODS[call.name]), request_of(call)
        try:
            if call.name == STREAMED:
                message = next(method(iter([request]), **self._options(call, timeout_s)))
            else:
                message = method(request, **self._options(call, timeout_s))
        except grpc.RpcError as error:
            raise _met(error) from error
        except StopIteration:
            raise error_of("UNAVAILABLE", "the stream ended without an answer", None) from None
        return answer_of(call, message)

    def close(self) -> None:
        """Ends the channel."""
        self._channel.close()


class AwaitedWay(_Way):
    """Over a channel of the running loop."""

    def __init__(self, target: str, token: str, tls: Tls = None) -> None:
        secured, aio = credentials(tls), grpc.aio
        super().__init__(
            token, aio.secure_channel(target, secured, OPTIONS) if secured else aio.insecure_channel(target, OPTIONS)
        )

    async def ask(self, call: Call[Any], timeout_s: float) -> Any:
        """The call's answer. Raises what it met."""
        method, request = getattr(self._stub, METHODS[call.name]), request_of(call)
        try:
            if call.name == STREAMED:
                message = await _first(method(iter([request]), **self._options(call, timeout_s)))
            else:
                message = await method(request, **self._options(call, timeout_s))
        except grpc.RpcError as error:
            raise _met(error) from error
        if message is None:  # what grpc.aio makes of bytes that are no such message
            raise BadAnswer("The answer is no message of notifications.v1.")
        return answer_of(call, message)

    async def close(self) -> None:
        """Ends the channel."""
        await self._channel.close()


async def _first(answers: AsyncIterator[Any]) -> Any:
    async for answer in answers:
        return answer
    raise error_of("UNAVAILABLE", "the stream ended without an answer", None)


def _met(error: Any) -> Exception:
    trailing: Iterator[Any] = iter(error.trailing_metadata() or ())
    details = next((value for key, value in trailing if key == DETAILS), None)
    return error_of(error.code().name, error.details() or "", details)
