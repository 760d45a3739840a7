"""GET /whoami: what the token that asks may do. For command lines and for whoever wonders about a 403."""

from __future__ import annotations

from datetime import datetime

import msgspec
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from foundation.control_plane import control_plane
from notifications.credentials import TokenFacts
from notifications.models import ServiceToken


class WhoAmI(msgspec.Struct, frozen=True, kw_only=True):
    """`kind`: service, admin or user. `types` empty: all; `rate` in notifications a second, 0: no limit."""

    kind: str
    name: str = ""
    user_id: str = ""
    scopes: list[str] = []
    types: list[str] = []
    rate: int = 0
    expires_at: datetime | None = None


class WhoAmIView(APIView):
    """The token that asks."""

    @extend_schema(
        operation_id="whoami",
        summary="Whose token this is, and what it may do",
        responses={200: WhoAmI},
        tags=["platform"],
    )
    def get(self, request: Request) -> Response:
        token: TokenFacts = request.auth
        if token.kind == "user":
            return Response(WhoAmI(kind=token.kind, user_id=token.user_id))
        with control_plane():
            row = ServiceToken.objects.get(pk=token.id)
        told = WhoAmI(
            kind=token.kind,
            name=row.name,
            scopes=sorted(token.scopes),
            types=list(token.types),
            rate=token.rate,
            expires_at=row.expires_at,
        )
        return Response(told)
