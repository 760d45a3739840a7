"""Who may do what: a token at all, its scopes, its own user (contract §2, credentials)."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from foundation.errors import Forbidden, Unauthenticated
from notifications.credentials import TokenFacts

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
USERS_READ = "users:read"
USERS_WRITE = "users:write"


class TokenRequired(BasePermission):
    """A token is needed; a view's `scopes` says which scope for which method ({"POST": "notifications:send"})."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """True, or raises Unauthenticated / Forbidden."""
        if request.method == "OPTIONS":
            return True
        token = request.auth
        if token is None:
            raise Unauthenticated("This needs a token.", remedy="Send `Authorization: Bearer <token>`.")
        method = "GET" if request.method == "HEAD" else request.method
        scope = getattr(view, "scopes", {}).get(method)
        if scope:
            require_scope(token, scope)
        return True


def require_scope(token: TokenFacts, scope: str) -> None:
    """Raises Forbidden unless the token has `scope`."""
    if scope not in token.scopes:
        raise Forbidden(
            f"This token lacks the scope `{scope}`.",
            code="scope_missing",
            remedy=f"Use a token made with `manage.py tokens create … --scope {scope}`.",
        )


def authorize_user(request: Request, user_id: str) -> None:
    """Raises Forbidden unless the token is that user's own, or a service's with the scope users:read / users:write."""
    token: TokenFacts | None = request.auth
    if token is None:
        raise Unauthenticated("This needs a token.", remedy="Send `Authorization: Bearer <token>`.")
    if token.kind == "user":
        if token.user_id != user_id:
            raise Forbidden("This token is for another user.", remedy="Use that user's own token.")
        return
    require_scope(token, USERS_READ if request.method in SAFE else USERS_WRITE)
