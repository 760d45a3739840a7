"""GET /notifications/{id}: what became of it (contract §2)."""

from __future__ import annotations

from typing import Any

import msgspec
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from foundation.errors import NotFound
from notifications import timeline
from notifications.api.permissions import require_scope
from notifications.broadcasts import history
from notifications.credentials import TokenFacts
from notifications.lookup import find_event
from notifications.records import Event
from notifications.store import get_store

READ, ANYONES = "notifications:read", "operate"


class ChannelStatus(msgspec.Struct, omit_defaults=True, kw_only=True, forbid_unknown_fields=True):
    """A delivery: its status (contract §5), what that means, and why. Times are RFC 3339."""

    status: str
    meaning: str
    reason: str = ""
    detail: str = ""
    setting: str = ""
    error: str = ""
    provider: str = ""
    provider_id: str = ""
    due_at: str = ""


class TimelineEntry(msgspec.Struct, omit_defaults=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that happened: accepted, decided for a channel, an attempt (with its number), a receipt."""

    at: str
    status: str
    meaning: str = ""
    channel: str = ""
    send: str = ""
    attempt: int = 0
    started_at: str = ""
    took_ms: int = 0
    reason: str = ""
    detail: str = ""
    setting: str = ""
    error: str = ""
    provider: str = ""
    provider_id: str = ""
    due_at: str = ""
    resumed: str = ""


class NotificationStatus(msgspec.Struct, omit_defaults=True, kw_only=True, forbid_unknown_fields=True):
    """`status`: accepted, in_flight, delivered, parked or dropped. `event`, as it was accepted, is for its sender."""

    notification_id: str
    user_id: str
    type: str
    priority: str
    lane: str
    accepted_at: str
    schedule_at: str | None
    expires_at: str | None
    status: str
    channels: dict[str, ChannelStatus]
    timeline: list[TimelineEntry]
    category: str = ""
    broadcast_id: str = ""
    event: dict[str, Any] = {}


class NotificationStatusView(APIView):
    """`accepted` at once after the 202; then the status per channel, and the timeline of every attempt.

    For the token that sent it (with `notifications:read`), for any with `operate`, and for the user's own token, which
    doesn't see the sender's data. Everybody else gets the 404 of an id that doesn't exist.
    """

    @extend_schema(
        operation_id="notification_status",
        summary="What became of a notification",
        responses={200: NotificationStatus},
        tags=["notifications"],
    )
    def get(self, request: Request, id: str) -> Response:
        token: TokenFacts = request.auth
        if token.kind != "user":
            require_scope(token, READ)
        return Response(status_of(id, token))


def status_of(id: str, token: TokenFacts) -> dict[str, Any]:
    """The answer for `token`; free of HTTP, so that other boundaries give the same.

    Raises NotFound when there is no such notification, or none that this token may know of; StoreUnavailable.
    """
    store = get_store()
    decisions = [details.decision for details in store.details([id]).get(id, [])]
    if decisions:
        _require_access(token, decisions[0].event, decisions[0].user)
        told = timeline.told(decisions, store.timelines([id]).get(id, []))
    elif broadcast := history.decision_of(id):
        decision, drops = broadcast
        _require_access(token, decision.event, decision.user)
        told = timeline.told([decision], [*store.timelines([id]).get(id, []), *drops])
    else:
        event = find_event(id)
        if event is None:
            raise _not_found()
        user = next((recipient.user for recipient in event.recipients if recipient.id == id), "")
        _require_access(token, event, user)
        told = timeline.accepted(event, id)
    return _for_user(told) if token.kind == "user" else told


def _require_access(token: TokenFacts, event: Event, user: str) -> None:
    if token.kind == "user":
        allowed = token.user_id == user
    else:
        allowed = event.token == token.id or ANYONES in token.scopes
    if not allowed:
        raise _not_found()


def _for_user(told: dict[str, Any]) -> dict[str, Any]:
    """An inbox shows what a template yields, never the sender's raw data."""
    return {name: value for name, value in told.items() if name != "event"}


def _not_found() -> NotFound:
    return NotFound("There is no such notification here.", field="id", remedy="Check the id and the token.")
