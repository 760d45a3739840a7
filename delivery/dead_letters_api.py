"""`GET /dead_letters` and `/dead_letters/groups`: what was parked, for command lines. Replaying is `manage.py`'s."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import msgspec
from django.db.models import Q, QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from delivery import dead_letters
from delivery.models import DeadLetter
from foundation.control_plane import control_plane
from foundation.errors import InvalidRequest
from notifications.api.query import one_of, query_of
from notifications.topology import CHANNELS

SCOPE = "operate"
DEFAULT_LIMIT, MAX_LIMIT = 100, 1_000
_FILTERS = ("type", "channel", "error", "reason", "notification_id", "state")
_STATES = DeadLetter.State.values
_PARAMETERS = [
    OpenApiParameter("type", str),
    OpenApiParameter("channel", str, enum=list(CHANNELS)),
    OpenApiParameter("error", str),
    OpenApiParameter("reason", str),
    OpenApiParameter("notification_id", str),
    OpenApiParameter("state", str, enum=_STATES, description="parked unless given."),
]


class DeadLetterAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that came to rest: why, after how many attempts, and whether it still waits for an operator."""

    id: str
    notification_id: str
    user_id: str
    channel: str
    type: str
    priority: str
    reason: str
    error: str
    detail: str
    provider: str
    provider_code: str
    attempts: int
    state: str
    first_at: datetime
    last_at: datetime


class DeadLettersAnswer(msgspec.Struct, frozen=True):
    """The one parked last first; `cursor` is null on the last page."""

    dead_letters: list[DeadLetterAnswer]
    cursor: str | None


class DeadLetterGroup(msgspec.Struct, frozen=True):
    """How many share a value."""

    value: str
    count: int
    oldest: datetime
    newest: datetime


class DeadLetterGroupsAnswer(msgspec.Struct, frozen=True):
    """The most first."""

    by: str
    groups: list[DeadLetterGroup]


class DeadLettersView(APIView):
    """What was parked."""

    scopes = {"GET": SCOPE}

    @extend_schema(
        operation_id="dead_letters",
        summary="Dead letters, the one parked last first",
        parameters=[
            *_PARAMETERS,
            OpenApiParameter("limit", int, description=f"1 to {MAX_LIMIT}; {DEFAULT_LIMIT} unless given."),
            OpenApiParameter("cursor", str, description="The `cursor` of the page before."),
        ],
        responses={200: DeadLettersAnswer},
        tags=["platform"],
    )
    def get(self, request: Request) -> Response:
        query = _query(request, (*_FILTERS, "limit", "cursor"))
        limit, cursor = _limit(query.pop("limit", None)), query.pop("cursor", None)
        rows = _after(dead_letters.find(**query), cursor).order_by("-last_at", "-pk").defer("record", "edited_data")
        with control_plane():
            page = list(rows[: limit + 1])
        more = f"{page[limit - 1].last_at}~{page[limit - 1].pk}" if len(page) > limit else None
        return Response(DeadLettersAnswer([_answer(row) for row in page[:limit]], more))


class DeadLetterGroupsView(APIView):
    """What was parked, counted."""

    scopes = {"GET": SCOPE}

    @extend_schema(
        operation_id="dead_letter_groups",
        summary="How many dead letters share an error, a type, …",
        parameters=[
            OpenApiParameter("by", str, enum=list(dead_letters.GROUPS), description="error unless given."),
            *_PARAMETERS,
        ],
        responses={200: DeadLetterGroupsAnswer},
        tags=["platform"],
    )
    def get(self, request: Request) -> Response:
        query = _query(request, (*_FILTERS, "by"))
        by = query.pop("by", "error")
        if by not in dead_letters.GROUPS:
            raise InvalidRequest(
                f"They can't be grouped by `{by}`.", field="by", remedy=f"By {', '.join(dead_letters.GROUPS)}."
            )
        with control_plane():
            found = dead_letters.grouped(dead_letters.find(**query), by)
        groups = [DeadLetterGroup(row[by], row["count"], _at(row["oldest"]), _at(row["newest"])) for row in found]
        return Response(DeadLetterGroupsAnswer(by, groups))


def _query(request: Request, known: Collection[str]) -> dict[str, Any]:
    query: dict[str, Any] = query_of(request, known)
    for name, allowed in (("channel", CHANNELS), ("state", _STATES)):
        one_of(query.get(name, allowed[0]), name, allowed)
    return query


def _after(rows: QuerySet[DeadLetter], cursor: str | None) -> QuerySet[DeadLetter]:
    if cursor is None:
        return rows
    at, _, identity = cursor.partition("~")
    if not at.isascii() or not at.isdigit() or len(at) > len(str(2**62)) or not identity:
        raise InvalidRequest("There is no such page.", field="cursor", remedy="Send the `cursor` of the page before.")
    return rows.filter(Q(last_at__lt=int(at)) | Q(last_at=int(at), pk__lt=identity))


def _limit(given: str | None) -> int:
    if given is None:
        return DEFAULT_LIMIT
    if not given.isascii() or not given.isdigit() or not 1 <= int(given[:9]) <= MAX_LIMIT:
        raise InvalidRequest("limit is out of range.", field="limit", remedy=f"1 to {MAX_LIMIT}.")
    return int(given)


def _at(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def _answer(row: DeadLetter) -> DeadLetterAnswer:
    return DeadLetterAnswer(
        id=row.identity,
        notification_id=row.notification_id,
        user_id=row.user,
        channel=row.channel,
        type=row.type,
        priority=row.priority,
        reason=row.reason,
        error=row.error,
        detail=row.detail,
        provider=row.provider,
        provider_code=row.provider_code,
        attempts=row.attempts,
        state=row.state,
        first_at=_at(row.first_at),
        last_at=_at(row.last_at),
    )
