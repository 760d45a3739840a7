"""The denominator of gRPC: a method that does nothing, served as generated code would have it, by the same server."""

from __future__ import annotations

from typing import Any

import grpc

from notifications.grpc.proto.notifications.v1 import notification_service_pb2 as pb

SERVICE, METHOD = "notifications.bench.Empty", "Send"
EMPTY = f"/{SERVICE}/{METHOD}"


async def _send(request: pb.SendRequest, context: Any) -> pb.SendResponse:
    return pb.SendResponse(notification_id="notif_0", status="accepted")


def handler() -> grpc.GenericRpcHandler:
    """What the server is given besides (BENCH=1): no token is asked for, the message is read and answered."""
    method = grpc.unary_unary_rpc_method_handler(
        _send,
        request_deserializer=pb.SendRequest.FromString,
        response_serializer=pb.SendResponse.SerializeToString,
    )
    return grpc.method_handlers_generic_handler(SERVICE, {METHOD: method})
