"""Refusals as gRPC says them: a status code by class, and the fields of RFC 9457 in google.rpc's error details.

The codes are those of https://grpc.io/docs/guides/status-codes/, the details those of
https://google.aip.dev/193. 413 is RESOURCE_EXHAUSTED because that is what gRPC itself answers for a message over its
bound; there is a RetryInfo where, and only where, trying again helps.
"""

from __future__ import annotations

import math

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from foundation.errors import Refused
from notifications.api.problems import problem

DOMAIN = "notifications.v1"
DETAILS_KEY = "grpc-status-details-bin"
TEXT_MAX = 1_000  # trailers have room for 8 KB in all; a field's path may quote a caller's own names

CODES: dict[int, grpc.StatusCode] = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
    409: grpc.StatusCode.ABORTED,
    413: grpc.StatusCode.RESOURCE_EXHAUSTED,
    422: grpc.StatusCode.FAILED_PRECONDITION,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    503: grpc.StatusCode.UNAVAILABLE,
}


def code_of(refusal: Refused) -> grpc.StatusCode:
    """The status code of a refusal."""
    return CODES[refusal.status]


def status_of(refusal: Refused, path: str = "") -> Status:
    """A refusal as google.rpc.Status; `path` goes before its field ("notifications[3]")."""
    said = {name: _bounded(str(value)) for name, value in problem(refusal).items()}
    if path:
        said["field"] = _bounded(f"{path}.{refusal.field}") if refusal.field not in (None, "$") else path
    reason = refusal.code.upper()
    details: list[Message] = [ErrorInfo(reason=reason, domain=DOMAIN, metadata=said)]
    if field := said.get("field"):
        violation = BadRequest.FieldViolation(field=field, description=said["detail"], reason=reason)
        details.append(BadRequest(field_violations=[violation]))
    if refusal.retry_after is not None:
        details.append(RetryInfo(retry_delay=_duration(refusal.retry_after)))
    return Status(code=code_of(refusal).value[0], message=said["detail"], details=[_packed(each) for each in details])


def _duration(seconds: float) -> Duration:
    made = Duration()
    made.FromMilliseconds(math.ceil(seconds * 1000))
    return made


def _bounded(text: str) -> str:
    return text if len(text) <= TEXT_MAX else text[: TEXT_MAX - 1] + "…"


def _packed(message: Message) -> AnyMessage:
    packed = AnyMessage()
    packed.Pack(message)
    return packed


def _internal() -> Status:
    said = "Something went wrong on our side; it has been logged. Try again."
    info = ErrorInfo(reason="INTERNAL", domain=DOMAIN, metadata={"code": "internal", "status": "500", "detail": said})
    return Status(code=grpc.StatusCode.INTERNAL.value[0], message=said, details=[_packed(info)])


INTERNAL = _internal()
