"""What APNs answers, with what aioapns leaves out of it."""

from __future__ import annotations

import json
from typing import Any

from aioapns.common import NotificationResult

from delivery.providers.waits import retry_after_s


class Answer(NotificationResult):
    """An answer, with its Retry-After in seconds where there is one."""

    __slots__ = ("retry_after",)

    def __init__(self, notification_id: str, head: dict[bytes, bytes], body: bytes) -> None:
        told = _told(body)
        timestamp = told.get("timestamp")
        super().__init__(
            notification_id,
            head.get(b":status", b"").decode("latin-1"),
            str(told.get("reason", "")),
            timestamp if isinstance(timestamp, int) else None,
        )
        self.retry_after = retry_after_s(head.get(b"retry-after", b"").decode("latin-1"), None)


def _told(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
