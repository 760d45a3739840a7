"""How old and how late a row may be: what both engines of the store hold to."""

from __future__ import annotations

from django.conf import settings

from foundation.clock import now_ms

DAY_MS = 86_400_000
# A row may be stored this much later than its position says and is still found by `inbox_since`.
LATE_MS = DAY_MS


def oldest_kept() -> int:
    """Rows before this time (ms) have left the inbox (settings.INBOX_DAYS)."""
    return now_ms() - settings.INBOX_DAYS * DAY_MS
