"""POST /users/{id}/tokens and /tickets: short-lived credentials for a user's own app (contract §2, §6)."""

from __future__ import annotations

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from foundation.clock import now_ms, to_rfc3339
from notifications.api import docs
from notifications.api.permissions import USERS_WRITE, authorize_user, require_scope
from notifications.credentials import make_ticket, make_user_token
from notifications.user_tokens import TICKET_S


class UserTokenView(APIView):
    """A service makes a token for its user's app. A user token can't make itself a longer life."""

    @extend_schema(**docs.USER_TOKEN)
    def post(self, request: Request, user_id: str) -> Response:
        require_scope(request.auth, USERS_WRITE)
        seconds = settings.USER_TOKEN_SECONDS
        answer = {
            "token": make_user_token(user_id, seconds),
            "user_id": user_id,
            "expires_at": to_rfc3339(now_ms() + seconds * 1000),
        }
        return Response(answer, status=201, headers={"Cache-Control": "no-store"})


class TicketView(APIView):
    """A one-time ticket to open a socket with: `/ws/inbox/?ticket=…`."""

    @extend_schema(**docs.TICKET)
    def post(self, request: Request, user_id: str) -> Response:
        authorize_user(request, user_id)
        answer = {"ticket": make_ticket(user_id), "expires_at": to_rfc3339(now_ms() + TICKET_S * 1000)}
        return Response(answer, status=201, headers={"Cache-Control": "no-store"})
