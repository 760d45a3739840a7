"""`/suppressions`: the list of addresses nothing goes to. Searched, changed with a reason, in and out as a file.

Addresses are personal: they travel in bodies, and in the query of a search, never in a path.
"""

from __future__ import annotations

from datetime import datetime

import msgspec
from django.conf import settings
from django.http import StreamingHttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from foundation.control_plane import control_plane
from foundation.errors import InvalidRequest, NotFound, TooLarge
from notifications.api.docs import at_most
from notifications.api.parsing import Body, decode
from notifications.api.query import one_of, query_of
from preferences import suppression, suppression_file
from preferences.models import SUPPRESSIBLE, Suppression
from preferences.suppression import Entry
from preferences.suppression_file import FORMATS, Imported

READ, WRITE = "suppressions:read", "suppressions:write"
DEFAULT_LIMIT, MAX_LIMIT = 100, 1_000
_CHANNELS = [name for name, _ in SUPPRESSIBLE]
_REASONS = Suppression.Reason.values
_PARAMETERS = ("search", "channel", "reason", "limit", "cursor")


class SuppressionBody(Body, frozen=True):
    """`reason`: bounce, complaint, stop, manual. `note` says why in words, and is kept."""

    address: str
    channel: str
    reason: str = "manual"
    note: str = ""


class SuppressionRemovalBody(Body, frozen=True):
    """`note` says why in words: it is kept, and must be given."""

    address: str
    channel: str
    note: str


class SuppressionAnswer(msgspec.Struct, frozen=True):
    """An address that nothing goes to on this channel, whoever it belongs to."""

    address: str
    channel: str
    reason: str
    note: str
    created_at: datetime


class SuppressionsAnswer(msgspec.Struct, frozen=True):
    """Newest first; `cursor` is null on the last page."""

    suppressions: list[SuppressionAnswer]
    cursor: str | None


class SuppressionsView(APIView):
    """The list: search it, add to it."""

    scopes = {"GET": READ, "POST": WRITE}

    @extend_schema(
        parameters=[
            OpenApiParameter("search", str, description="Part of an address."),
            OpenApiParameter("channel", str, enum=_CHANNELS),
            OpenApiParameter("reason", str, enum=_REASONS),
            OpenApiParameter(
                "limit", at_most(MAX_LIMIT), description=f"1 to {MAX_LIMIT}; {DEFAULT_LIMIT} unless given."
            ),
            OpenApiParameter("cursor", str, description="The `cursor` of the page before."),
        ],
        responses={200: SuppressionsAnswer},
        tags=["suppressions"],
    )
    def get(self, request: Request) -> Response:
        """A page of it, newest first."""
        query = query_of(request, _PARAMETERS)
        limit = _number(query.get("limit"), "limit", DEFAULT_LIMIT, MAX_LIMIT)
        rows = Suppression.objects.order_by("-id")
        for name, known in (("channel", _CHANNELS), ("reason", _REASONS)):
            if name in query:
                rows = rows.filter(**{name: one_of(query[name], name, known)})
        if query.get("search"):
            rows = rows.filter(address__icontains=query["search"])
        if "cursor" in query:
            rows = rows.filter(pk__lt=_number(query["cursor"], "cursor", 0, 2**62))
        with control_plane():
            page = list(rows[: limit + 1])
        cursor = str(page[limit - 1].pk) if len(page) > limit else None
        return Response(SuppressionsAnswer([_answer(row) for row in page[:limit]], cursor))

    @extend_schema(
        request={"application/json": SuppressionBody},
        responses={200: SuppressionAnswer, 201: SuppressionAnswer},
        tags=["suppressions"],
    )
    def post(self, request: Request) -> Response:
        """Adds an address, for good. One that is there stays as it is (200), but a STOP takes the new reason."""
        body = decode(request, SuppressionBody)
        entry = suppression.checked(Entry(body.address, body.channel, body.reason, body.note))
        added = suppression.add([entry], by=_who(request))
        with control_plane():
            row = Suppression.objects.get(address=entry.address, channel=entry.channel)
        return Response(_answer(row), status=201 if added else 200)


class SuppressionRemovalView(APIView):
    """Taking an address off."""

    scopes = {"POST": WRITE}

    @extend_schema(request={"application/json": SuppressionRemovalBody}, responses={204: None}, tags=["suppressions"])
    def post(self, request: Request) -> Response:
        """Takes an address off the list; who did it and why is kept."""
        body = decode(request, SuppressionRemovalBody)
        if not body.note.strip():
            raise InvalidRequest("Nobody said why.", field="note", remedy="Say why the address may be used again.")
        entry = suppression.checked(Entry(body.address, body.channel, note=body.note))
        if not suppression.remove([(entry.address, entry.channel)], by=_who(request), note=entry.note):
            raise NotFound("This address isn't on the list.", field="address", remedy="GET /suppressions finds it.")
        return Response(status=204)


class SuppressionImportView(APIView):
    """Bringing a list in."""

    scopes = {"POST": WRITE}

    @extend_schema(
        request={media.partition(";")[0]: str for media in FORMATS.values()},
        responses={200: Imported},
        tags=["suppressions"],
    )
    def post(self, request: Request) -> Response:
        """Adds the rows of a CSV (address,channel,reason,note) or of JSON lines: the good ones; bad ones are named."""
        declared = (request.content_type or "").partition(";")[0].strip().lower()
        form = {media.partition(";")[0]: name for name, media in FORMATS.items()}.get(declared)
        if form is None:
            raise InvalidRequest(
                f"A list isn't read as {declared or 'nothing'}.",
                field="Content-Type",
                remedy="Send text/csv or application/x-ndjson.",
            )
        limit = settings.BATCH_REQUEST_MAX_BYTES
        raw: bytes = request._request.read(limit + 1)
        if len(raw) > limit:
            raise TooLarge(f"The list is over {limit:,} bytes.", field="$", remedy="Send it in parts.")
        return Response(suppression_file.load(raw, form, by=_who(request)))


class SuppressionExportView(APIView):
    """Taking the list out."""

    scopes = {"GET": READ}

    @extend_schema(
        parameters=[OpenApiParameter("as", str, enum=list(FORMATS), description="csv unless given.")],
        responses={(200, media.partition(";")[0]): str for media in FORMATS.values()},
        tags=["suppressions"],
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """All of it, oldest first, as a stream."""
        form = one_of(query_of(request, ("as",)).get("as", "csv"), "as", list(FORMATS))
        return StreamingHttpResponse(
            suppression_file.export(form),
            content_type=FORMATS[form],
            headers={"Content-Disposition": f'attachment; filename="suppressions.{form}"', "Cache-Control": "no-store"},
        )


def _who(request: Request) -> str:
    return f"token {request.auth.id}"


def _number(given: str | None, field: str, default: int, most: int) -> int:
    if given is None:
        return default
    if not given.isascii() or not given.isdigit() or len(given) > len(str(most)) or not 1 <= int(given) <= most:
        raise InvalidRequest(f"{field} is out of range.", field=field, remedy=f"1 to {most}.")
    return int(given)


def _answer(row: Suppression) -> SuppressionAnswer:
    return SuppressionAnswer(row.address, row.channel, row.reason, row.note, row.created_at)
