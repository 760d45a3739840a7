"""POST /notifications, /batch, /explain: bodies in, `notifications.accept` asked, answers out (contract §2)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Any

import msgspec
from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from foundation.clock import now_ms
from foundation.errors import InvalidRequest, Refused
from foundation.tracing import accept_traceparent
from notifications.accept import MAX_ITEMS, Result
from notifications.api import docs, parsing
from notifications.api.problems import problem
from notifications.calls import Item, accept_call, accept_items, checked_key
from notifications.explain import explain, explain_past
from notifications.payload import flaw_of
from notifications.sending import Accepted, SendRequest
from notifications.together import accept_one
from notifications.validation import refusal_of

SEND = "notifications:send"
_encode = msgspec.json.Encoder().encode


class _Batch(parsing.Body, frozen=True):
    notifications: Annotated[list[SendRequest], msgspec.Meta(min_length=1, max_length=MAX_ITEMS)]


class _UnreadBatch(parsing.Body, frozen=True):
    notifications: Annotated[list[msgspec.Raw], msgspec.Meta(min_length=1, max_length=MAX_ITEMS)]


class _PastQuestion(parsing.Body, frozen=True):
    notification_id: str


class SendView(APIView):
    """One event for one user."""

    scopes = {"POST": SEND}

    @extend_schema(**docs.SEND)
    def post(self, request: Request) -> Response:
        body = parsing.decode_bytes(parsing.read_body(request), SendRequest)
        if (key := idempotency_key(request)) is not None:
            body = msgspec.structs.replace(body, idempotency_key=key)
        result = accept_one(body, request.auth, _trace(request))
        location = f"{request.path.rstrip('/')}/{result.notification_id}"
        return Response(_encode(result), status=202, headers={"Location": location})


class BatchView(APIView):
    """Up to 1,000 events, each with its own result."""

    scopes = {"POST": SEND}

    @extend_schema(**docs.BATCH)
    def post(self, request: Request) -> Response:
        raw = parsing.read_body(request, settings.BATCH_REQUEST_MAX_BYTES)
        items = _items(raw)
        if (key := idempotency_key(request)) is None:
            results = accept_items(items, request.auth, now=now_ms(), trace=_trace(request))
        else:
            body = _untyped(raw, items)
            results = accept_call(items, request.auth, now=now_ms(), key=key, body=body, trace=_trace(request))
        return Response(_encode(_told(results)), status=202)


class ExplainView(APIView):
    """A dry run, or a decision taken earlier beside today's."""

    scopes = {"POST": SEND}

    @extend_schema(**docs.EXPLAIN)
    def post(self, request: Request) -> Response:
        raw = parsing.read_body(request)
        if "notification_id" in parsing.decode_bytes(raw, dict[str, Any]):
            past = parsing.decode_bytes(raw, _PastQuestion)
            return Response(explain_past(past.notification_id, request.auth, now=now_ms()))
        return Response(explain(parsing.decode_bytes(raw, SendRequest), request.auth, now=now_ms()))


def _trace(request: Request) -> str:
    return accept_traceparent(request.META.get("HTTP_TRACEPARENT"))


def idempotency_key(request: Request) -> str | None:
    """The Idempotency-Key header, None without it. Raises InvalidRequest for an empty, long or unprintable one."""
    return checked_key(request.META.get("HTTP_IDEMPOTENCY_KEY"))


def _items(raw: bytes) -> Sequence[Item]:
    """All items by one typed decode; only when that fails one by one, to name the bad ones and keep the good."""
    with suppress(InvalidRequest):
        return parsing.decode_bytes(raw, _Batch).notifications
    try:
        return [_item(bytes(each)) for each in parsing.decode_bytes(raw, _UnreadBatch).notifications]
    except InvalidRequest as refusal:
        match parsing.leniently(raw):
            case {"notifications": [*unread], **rest} if 0 < len(unread) <= MAX_ITEMS and not rest:
                return [_lenient_item(each) for each in unread]
        raise _about_size(refusal) from None


def _item(raw: bytes) -> Item:
    try:
        return parsing.decode_bytes(raw, SendRequest)
    except InvalidRequest as refusal:
        return refusal


def _lenient_item(value: Any) -> Item:
    """An item of a body that isn't strictly JSON: NaN, surrogates or control characters stand in some of them."""
    flaw = flaw_of(value, "")
    return refusal_of(flaw) if flaw else _item(_encode(value))


def _untyped(raw: bytes, items: Sequence[Item]) -> Any:
    """The parsed body an Idempotency-Key is compared by; the items as read where not all of it is JSON."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return [each.detail if isinstance(each, Refused) else each for each in items]


def _about_size(refusal: InvalidRequest) -> InvalidRequest:
    if refusal.field != "notifications" or "length" not in refusal.detail:
        return refusal
    return InvalidRequest(
        f"A batch holds 1 to {MAX_ITEMS} notifications.",
        field="notifications",
        code="batch_size",
        remedy=f"Split it into calls of at most {MAX_ITEMS}.",
    )


def _told(results: Sequence[Result]) -> dict[str, Any]:
    taken = sum(isinstance(each, Accepted) for each in results)
    told = [each if isinstance(each, Accepted) else _refused(each, index) for index, each in enumerate(results)]
    return {"accepted": taken, "refused": len(results) - taken, "results": told}


def _refused(refusal: Refused, index: int) -> dict[str, Any]:
    """An item's problem, its field as a path from the top of the body."""
    error = problem(refusal)
    inner = refusal.field
    error["field"] = f"notifications[{index}]" + (f".{inner}" if inner and inner != "$" else "")
    return {"status": "refused", "error": error}
