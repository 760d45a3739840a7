"""Bearer tokens for DRF: `request.auth` is a TokenFacts."""

from __future__ import annotations

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from foundation.errors import Unauthenticated
from notifications.credentials import TokenFacts, authenticate

SCHEME = "bearer"


class TokenAuthentication(BaseAuthentication):
    """Reads `Authorization: Bearer …`; without the header the request is anonymous."""

    def authenticate(self, request: Request) -> tuple[None, TokenFacts] | None:
        """(None, facts). Raises Unauthenticated for anything that isn't a token of ours."""
        header = request.META.get("HTTP_AUTHORIZATION")
        if not header:
            return None
        scheme, _, secret = header.partition(" ")
        if scheme.lower() != SCHEME or not secret:
            raise Unauthenticated("The Authorization header is not `Bearer <token>`.", remedy="Send a bearer token.")
        return None, authenticate(secret.strip())

    def authenticate_header(self, request: Request) -> str:
        """What 401 says is wanted."""
        return "Bearer"
