"""Who is behind a change, for the audit trail: the member of staff whose request made it."""

from __future__ import annotations

from typing import Any

from auditlog.middleware import AuditlogMiddleware
from auditlog.models import LogEntry
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse


class StaffTrail(AuditlogMiddleware):
    """django-auditlog's, but for the address: what a client says of itself (X-Forwarded-For) is no evidence."""

    def __call__(self, request: HttpRequest) -> Any:
        """Only the admin's pages are asked who is behind them: the others touch no session and no database for it."""
        if request.path.startswith(reverse("admin:index")):
            return super().__call__(request)
        return self.get_response(request)

    @staticmethod
    def _get_remote_addr(request: HttpRequest) -> str | None:
        return request.META.get("REMOTE_ADDR") or None


def note(row: Model, what: dict[str, Any]) -> None:
    """Writes down an action on `row` that changes no field of it (a look at an address, a download, a reset)."""
    LogEntry.objects.log_create(row, force_log=True, action=LogEntry.Action.ACCESS, changes={}, additional_data=what)
