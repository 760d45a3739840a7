"""A service that calls over gRPC with the generated stubs, and what its refusals say."""

from __future__ import annotations

from typing import Any

import grpc
import grpc.aio
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from notifications.grpc.proto.notifications.v1 import notification_service_pb2 as pb
from notifications.grpc.proto.notifications.v1.notification_service_pb2_grpc import NotificationServiceStub
from notifications.grpc.refusing import DETAILS_KEY

PATIENCE_S = 20


class Service:
    """A channel with a token ("" for none)."""

    def __init__(self, port: int, secret: str, **options: Any) -> None:
        self.address = f"127.0.0.1:{port}"
        self.channel = grpc.aio.insecure_channel(self.address, **options)
        self.stub: Any = NotificationServiceStub(self.channel)
        self.secret = secret

    async def __aenter__(self) -> Service:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.channel.close()

    def said(self, **metadata: str) -> dict[str, Any]:
        """A call's metadata and deadline."""
        given = {"authorization": f"Bearer {self.secret}"} if self.secret else {}
        given |= {name.replace("_", "-"): value for name, value in metadata.items()}
        return {"metadata": tuple(given.items()), "timeout": PATIENCE_S}

    async def send(self, request: pb.SendRequest, **metadata: str) -> pb.SendResponse:
        return await self.stub.Send(request, **self.said(**metadata))

    def raw(self, method: str) -> Any:
        """Bytes to a method, as they are."""
        return self.channel.unary_unary(f"/notifications.v1.NotificationService/{method}")

    async def batch(self, *requests: pb.SendBatchRequest, **metadata: str) -> list[pb.SendBatchResponse]:
        return [each async for each in self.stub.SendBatch(iter(requests), **self.said(**metadata))]


def an_event(user: str = "usr_42", **fields: Any) -> pb.SendRequest:
    """A valid event; `data` as a dict."""
    event = pb.SendRequest(type="order_shipped", target=pb.Target(user_id=user))
    event.data.update(fields.pop("data", {"order_id": "ord_abc123", "carrier": "FedEx"}))
    for name, value in fields.items():
        setattr(event, name, value)
    return event


def status_of(error: grpc.aio.AioRpcError) -> Status:
    """The google.rpc.Status that came with a refusal."""
    found = [value for name, value in error.trailing_metadata() if name == DETAILS_KEY]
    assert found, error
    status = Status.FromString(found[0])
    assert status.code == error.code().value[0]
    return status


class Told:
    """What the details of a refusal say."""

    def __init__(self, status: Status) -> None:
        self.status = status
        self.info, self.bad, self.retry = ErrorInfo(), BadRequest(), RetryInfo()
        self.retries = any(each.Unpack(self.retry) for each in status.details if each.Is(RetryInfo.DESCRIPTOR))
        for each in status.details:
            for kind in (self.info, self.bad):
                if each.Is(kind.DESCRIPTOR):
                    each.Unpack(kind)

    @property
    def problem(self) -> dict[str, str]:
        """The fields of RFC 9457."""
        return dict(self.info.metadata)

    @property
    def field(self) -> str:
        """The field that is at fault, "" for none."""
        violations = self.bad.field_violations
        return violations[0].field if violations else ""


async def refusal_of(call: Any, code: grpc.StatusCode) -> Told:
    """What a call that is refused with this code is told."""
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await call
    assert refusal.value.code() is code, refusal.value
    return Told(status_of(refusal.value))
