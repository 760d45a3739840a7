"""Canaries: the first few per cent go out, are looked at for a while, and the rest goes on or doesn't (issue 6, §3)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

import msgspec
from django.db.models import Q

from foundation.errors import Conflict
from notifications.broadcasts import figures, steering
from notifications.broadcasts.figures import Standing
from notifications.broadcasts.models import Broadcast, Walk
from notifications.broadcasts.request import Canary
from preferences.models import PreferenceRow
from templates_app.catalog import get_catalog

FAILED, BOUNCED, COMPLAINED, UNSUBSCRIBED = "failed", "bounced", "complained", "unsubscribed"


def rates(standing: Standing, unsubscribed: int) -> dict[str, float]:
    """What went wrong with a canary, in percent of what was sent or failed. Pure."""
    sent = sum(each.sent for each in standing.channels.values())
    failed = sum(each.failed for each in standing.channels.values())
    words = [each.detail for each in standing.channels.values()]
    told = {
        FAILED: failed,
        BOUNCED: _under(words, "bounced") + _under(words, "undelivered"),
        COMPLAINED: _under(words, "complained"),
        UNSUBSCRIBED: unsubscribed,
    }
    return {name: round(100.0 * count / max(1, sent + failed), 3) for name, count in told.items()}


def objections(canary: Canary, found: Mapping[str, float]) -> list[str]:
    """The thresholds that are passed, in words; empty: it may go on. Pure."""
    limits = {name: getattr(canary, name) for name in (FAILED, BOUNCED, COMPLAINED, UNSUBSCRIBED)}
    return [f"{found[name]:g} % {name}, more than {limit:g} %" for name, limit in limits.items() if found[name] > limit]


def _under(words: list[dict[str, int]], status: str) -> int:
    return sum(count for counts in words for word, count in counts.items() if word.partition(":")[0] == status)


class Canaries:
    """The expander's view of them."""

    def is_out(self, row: Broadcast, walk: Walk) -> bool:
        """Whether the canary is out and hasn't been looked at."""
        return self._left(row, walk) == 0

    def most(self, row: Broadcast, walk: Walk, count: int) -> int:
        """How many a round may take: no more than belong to the canary, while there is one."""
        left = self._left(row, walk)
        return count if left is None else min(count, left)

    def hold(self, row: Broadcast, walk: Walk, now: int) -> None:
        """Stops behind the canary."""
        Walk.objects.filter(pk=walk.pk).update(held_at=now)
        with suppress(Conflict):  # paused or cancelled in this moment
            steering.hold(row.pk, f"the first {_canary(row).percent:g} % are out and are being looked at")

    def look(self, row: Broadcast, walk: Walk, now: int) -> None:
        """Goes on or halts, when it was looked at for long enough."""
        canary = _canary(row)
        if now < (walk.held_at or 0) + canary.hold_s * 1_000:
            return
        found = rates(figures.standing(row, walk), _unsubscribed(row, walk))
        against = objections(canary, found)
        Walk.objects.filter(pk=walk.pk).update(canary_passed=True)
        with suppress(Conflict):
            why = "; ".join(against) or "the canary passed: " + ", ".join(f"{n} {v:g} %" for n, v in found.items())
            steering.judge(row.pk, passes=not against, why=why)

    def _left(self, row: Broadcast, walk: Walk) -> int | None:
        """How many of the canary aren't out yet; None where there is no canary (any more)."""
        if not row.canary or walk.canary_passed:
            return None
        size = max(1, round(walk.audience * _canary(row).percent / 100)) if walk.audience else 0
        return max(0, size - walk.expanded) if size < walk.audience else None


def _canary(row: Broadcast) -> Canary:
    return msgspec.convert(row.canary, Canary)


def _unsubscribed(row: Broadcast, walk: Walk) -> int:
    """Users up to the walk's place who turned the type, its category or everything off since the broadcast started."""
    facts = get_catalog().facts(row.type)
    scopes = [row.type, "*", *([facts.category] if facts else [])]
    since = Q(updated_at__gt=_moment(row.started_at or row.created_at))
    off = PreferenceRow.objects.filter(since, enabled=False, scope__in=scopes, channel__in=[*row.channels, "*"])
    return off.filter(user_id__lte=_reached(walk)).values("user_id").distinct().count()


def _reached(walk: Walk) -> int:
    from notifications.broadcasts import audience

    keys = audience.window(walk.pk, walk.wave, after=walk.window_after, size=max(1, walk.window_size))
    return keys[-1] if keys else walk.window_after


def _moment(ms: int):  # type: ignore[no-untyped-def]
    from datetime import UTC, datetime

    return datetime.fromtimestamp(ms / 1000, UTC)
