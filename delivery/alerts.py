"""What operators are told of: a row, a line in the log, and a post to ALERT_WEBHOOK where one is set."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
import structlog
from django.conf import settings

from delivery.models import Alert
from foundation.clock import now_ms, to_rfc3339
from foundation.control_plane import control_plane
from foundation.streaming import remove

log = structlog.get_logger(__name__)

POST_TIMEOUT_S = 2.0
POST_BATCH = 50
POST_FOR_MS = 24 * 3_600_000  # an alert nobody took in a day isn't news any more
REST_AFTER_FAILURE_S = 30.0
_rest_until = 0.0


class AlertNote(msgspec.Struct, frozen=True, kw_only=True):
    """An alert to be raised: `identity` is computed, so that it is raised once; `text` is for people."""

    identity: str
    kind: str
    text: str
    detail: dict[str, Any] = {}


def raise_alerts(notes: Sequence[AlertNote]) -> None:
    """Keeps and logs those of `notes` that are new. Raises ControlPlaneUnavailable."""
    if not notes:
        return
    by_identity = {note.identity: note for note in notes}
    at = now_ms()
    with control_plane():
        known = set(Alert.objects.filter(pk__in=list(by_identity)).values_list("pk", flat=True))
        fresh = [note for identity, note in by_identity.items() if identity not in known]
        rows = [
            Alert(identity=note.identity, kind=note.kind, text=note.text, detail=note.detail, at=at) for note in fresh
        ]
        Alert.objects.bulk_create(rows, ignore_conflicts=True)
    for note in fresh:
        log.error("alert", kind=note.kind, text=note.text, **note.detail)


def post_pending() -> int:
    """Posts what the webhook hasn't taken yet, at least once each; returns how many. Errors are logged."""
    global _rest_until
    url = settings.ALERT_WEBHOOK
    if not url or time.monotonic() < _rest_until:
        return 0
    with control_plane():
        rows = list(Alert.objects.filter(posted_at=None, at__gte=now_ms() - POST_FOR_MS).order_by("at")[:POST_BATCH])
    if not rows:
        return 0
    try:
        _post(url, rows)
    except (httpx.HTTPError, ValueError) as error:
        _rest_until = time.monotonic() + REST_AFTER_FAILURE_S
        log.error("alerts can't be posted", error=str(error), waiting=len(rows))
        return 0
    with control_plane():
        Alert.objects.filter(pk__in=[row.pk for row in rows]).update(posted_at=now_ms())
    return len(rows)


def purge(before: int) -> int:
    """Removes alerts raised before `before` (ms); returns how many. Raises ControlPlaneUnavailable."""
    return remove(Alert.objects.filter(at__lt=before))


def is_allowed(url: str) -> bool:
    """Alerts name users' notifications: https, or plain http to this machine alone."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return bool(parts.hostname)
    return parts.scheme == "http" and _is_loopback(parts.hostname or "")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _post(url: str, rows: Sequence[Alert]) -> None:
    if not is_allowed(url):
        raise ValueError("ALERT_WEBHOOK must be https, or http to this machine")
    body = {
        "text": "\n".join(row.text for row in rows),
        "alerts": [
            {"id": row.pk, "kind": row.kind, "text": row.text, "at": to_rfc3339(row.at), **row.detail} for row in rows
        ],
    }
    httpx.post(url, json=body, timeout=POST_TIMEOUT_S).raise_for_status()
