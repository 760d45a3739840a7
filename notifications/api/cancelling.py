"""DELETE /notifications/{id}, beside the GET of the same address."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from notifications.api import docs
from notifications.api.permissions import require_scope
from notifications.api.status import NotificationStatusView
from notifications.cancelling import cancel

SEND = "notifications:send"


class NotificationView(NotificationStatusView):
    """What became of it, and cancelling what still waits."""

    @extend_schema(**docs.CANCEL)
    def delete(self, request: Request, id: str) -> Response:
        require_scope(request.auth, SEND)
        return Response({"notification_id": id, "status": "cancelled", "channels": cancel(id, request.auth)})
