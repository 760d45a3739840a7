"""Scheduled broadcasts whose time has come begin (contract §7)."""

from __future__ import annotations

from contextlib import suppress

from django.db.models import Q

from foundation.errors import Conflict
from notifications.broadcasts import states, steering
from notifications.broadcasts.models import Broadcast

MOST_AT_ONCE = 20


def start_due(now: int) -> int:
    """Starts what is approved and due at `now` (ms); how many. Any number of expanders may ask at once."""
    due = Broadcast.objects.filter(Q(schedule_at=None) | Q(schedule_at__lte=now), state=states.SCHEDULED)
    ids = list(due.order_by("pk").values_list("pk", flat=True)[:MOST_AT_ONCE])
    for id in ids:
        with suppress(Conflict):  # cancelled in this moment
            steering.start(id)
    return len(ids)
