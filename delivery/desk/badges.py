"""Numbers beside the sidebar's entries: what waits for somebody. Bounded counts along an index."""

from __future__ import annotations

from django.http import HttpRequest

from delivery.models import Alert, Control, DeadLetter
from foundation.clock import now_ms

MOST = 1_000
ALERTS_OF_MS = 3_600_000


def parked(request: HttpRequest) -> str:
    """Dead letters that wait for somebody."""
    return _shown(DeadLetter.objects.filter(state=DeadLetter.State.PARKED)[:MOST].count())


def alerts(request: HttpRequest) -> str:
    """Alerts of the last hour."""
    return _shown(Alert.objects.filter(at__gte=now_ms() - ALERTS_OF_MS)[:MOST].count())


def held(request: HttpRequest) -> str:
    """Channels and types that somebody holds back."""
    return _shown(Control.objects.exclude(mode="")[:MOST].count())


def _shown(count: int) -> str:
    return "" if not count else f"{count}+" if count >= MOST else str(count)
