"""GET /types: what can be sent, from the catalogue in memory."""

from __future__ import annotations

import msgspec
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from foundation.errors import Forbidden
from notifications.credentials import TokenFacts
from preferences.facts import TypeFacts
from templates_app.catalog import get_catalog


class TypeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A notification type. `allowed`: whether this token may send it; `expires_after_s` 0: never."""

    name: str
    category: str
    priority: str
    channels: list[str]
    mandatory: bool
    marketing: bool
    expires_after_s: int
    allowed: bool


class TypesAnswer(msgspec.Struct, frozen=True):
    """By name."""

    types: list[TypeAnswer]


class TypesView(APIView):
    """The types there are."""

    @extend_schema(
        operation_id="types",
        summary="All notification types, and which of them this token may send",
        responses={200: TypesAnswer},
        tags=["platform"],
    )
    def get(self, request: Request) -> Response:
        token: TokenFacts = request.auth
        if token.kind == "user":
            raise Forbidden("A user's token sends nothing.", remedy="Use a service's token.")
        catalog = get_catalog()
        facts = [found for name in catalog.names() if (found := catalog.facts(name)) is not None]
        return Response(TypesAnswer([_answer(each, token) for each in facts]))


def _answer(facts: TypeFacts, token: TokenFacts) -> TypeAnswer:
    return TypeAnswer(
        name=facts.name,
        category=facts.category,
        priority=facts.priority,
        channels=list(facts.channels),
        mandatory=facts.mandatory,
        marketing=facts.marketing,
        expires_after_s=facts.expires_after_s,
        allowed=not token.types or facts.name in token.types,
    )
