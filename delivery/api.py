"""`GET /sandbox/outbox`: what would have gone out, for the customers' own tests."""

from __future__ import annotations

from typing import Any

import msgspec
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from delivery.providers.sandbox import outbox
from foundation.control_plane import control_plane
from foundation.errors import Forbidden, InvalidRequest
from notifications.api.docs import at_most
from notifications.api.permissions import require_scope
from notifications.api.query import one_of, query_of
from notifications.topology import CHANNELS

SCOPE = "sandbox:read"
DEFAULT_LIMIT, MAX_LIMIT = 100, 1_000
_PARAMETERS = ("user_id", "channel", "notification_id", "limit")


class OutboxMessageAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A message as the sandbox's provider got it; `received` says how often (more than once is a double)."""

    send_id: str
    notification_id: str
    user_id: str
    channel: str
    provider: str
    address: str
    type: str
    title: str
    body: str
    html: str
    action_url: str
    image: str
    attempt: int
    received: int
    first_at: str
    at: str


class OutboxAnswer(msgspec.Struct, frozen=True):
    """Newest first."""

    messages: list[OutboxMessageAnswer]


class OutboxView(APIView):
    """The sandbox's outbox: a service with the scope sees all, a user's token that user's own."""

    @extend_schema(
        parameters=[
            OpenApiParameter("user_id", str),
            OpenApiParameter("channel", str, enum=[channel for channel in CHANNELS if channel != "in_app"]),
            OpenApiParameter("notification_id", str),
            OpenApiParameter(
                "limit", at_most(MAX_LIMIT), description=f"1 to {MAX_LIMIT}; {DEFAULT_LIMIT} unless given."
            ),
        ],
        responses={200: OutboxAnswer},
        tags=["sandbox"],
    )
    def get(self, request: Request) -> Response:
        """What the sandbox's providers received, newest first."""
        query = _query(request)
        with control_plane():
            found = outbox.messages(
                user=_user_of(request, query.get("user_id", "")),
                channel=query.get("channel", ""),
                notification_id=query.get("notification_id", ""),
                limit=_limit(query.get("limit")),
            )
        return Response(OutboxAnswer([OutboxMessageAnswer(**message) for message in found]))


def _query(request: Request) -> dict[str, Any]:
    query = query_of(request, _PARAMETERS)
    if query.get("channel"):
        one_of(query["channel"], "channel", CHANNELS)
    return query


def _user_of(request: Request, asked: str) -> str:
    if request.auth.kind != "user":
        require_scope(request.auth, SCOPE)
        return asked
    if asked not in ("", request.auth.user_id):
        raise Forbidden("This token is for another user.", remedy="Use that user's own token.")
    return request.auth.user_id


def _limit(given: str | None) -> int:
    if given is None:
        return DEFAULT_LIMIT
    if (
        not given.isascii()
        or not given.isdigit()
        or len(given) > len(str(MAX_LIMIT))
        or not 1 <= int(given) <= MAX_LIMIT
    ):
        raise InvalidRequest("limit is out of range.", field="limit", remedy=f"1 to {MAX_LIMIT}.")
    return int(given)
