"""POST /notifications/broadcast; GET, pause, resume, cancel, rate, recall on /broadcasts/{id} (contract §2, §7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from foundation.clock import now_ms
from notifications.api import parsing
from notifications.api.sending import idempotency_key
from notifications.broadcasts import api_docs, figures, steering
from notifications.broadcasts.acceptance import accept
from notifications.broadcasts.models import Broadcast
from notifications.broadcasts.request import RATE_MAX, BroadcastRequest

SCOPE = "broadcast"
_encode = msgspec.json.Encoder().encode


class _Rate(parsing.Body, frozen=True):
    rate: Annotated[int, msgspec.Meta(ge=0, le=RATE_MAX)]


class BroadcastsView(APIView):
    """One message to a segment."""

    scopes = {"POST": SCOPE}

    @extend_schema(**api_docs.BROADCAST)
    def post(self, request: Request) -> Response:
        raw = parsing.read_body(request)
        body = parsing.decode_bytes(raw, BroadcastRequest)
        key = idempotency_key(request)
        result = accept(body, request.auth, now=now_ms(), key=key, body=msgspec.json.decode(raw) if key else None)
        where = f"{request.path.partition('/notifications/')[0]}/broadcasts/{result.broadcast_id}"
        return Response(_encode(result), status=202, headers={"Location": where})


class BroadcastView(APIView):
    """How a broadcast stands."""

    scopes = {"GET": SCOPE}

    @extend_schema(**api_docs.STANDING)
    def get(self, request: Request, id: str) -> Response:
        return Response(figures.told(steering.find(id)))


class _Steering(APIView):
    scopes = {"POST": SCOPE}
    act: Callable[..., Broadcast]

    @extend_schema(**api_docs.ACTION)
    def post(self, request: Request, id: str) -> Response:
        return Response(figures.told(type(self).act(id, by=f"token {request.auth.id}")))


class PauseView(_Steering):
    """Nothing more goes out until it is resumed."""

    act = staticmethod(steering.pause)


class ResumeView(_Steering):
    """Goes on where it stopped."""

    act = staticmethod(steering.resume)


class CancelView(_Steering):
    """Ends it."""

    act = staticmethod(steering.cancel)


class RecallView(_Steering):
    """Ends it and takes it out of the inboxes."""

    act = staticmethod(steering.recall)


class RateView(APIView):
    """Another rate, at once."""

    scopes = {"POST": SCOPE}

    @extend_schema(**api_docs.RATE)
    def post(self, request: Request, id: str) -> Response:
        body: Any = parsing.decode(request, _Rate)
        return Response(figures.told(steering.change_rate(id, body.rate, by=f"token {request.auth.id}")))
