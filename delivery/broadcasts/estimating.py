"""What a broadcast would do, counted before it starts (contract §7): recipients, drops by reason, cost, time.

The expander counts it in pages, between rounds, so that nobody waits for it; the admin's page shows how far it is.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.conf import settings

from foundation.clock import now_ms
from foundation.errors import NotFound
from notifications.broadcasts import drains, figures, states
from notifications.broadcasts.models import Broadcast
from preferences import profiles_by_key, segments
from preferences.alike import Alike
from preferences.decide import DROP
from preferences.facts import Profile, Question
from templates_app.catalog import get_catalog
from templates_app.content import Content, RenderRequest
from templates_app.recipient import shown
from templates_app.render import render
from templates_app.sms_segments import segments as sms_segments

PAGE = 1_000
LOOK_EVERY_S = 1.0
SHARES_KNOWN_S = 2.0
UNCOUNTED = (states.DRAFT, states.WAITING, states.SCHEDULED)


class Estimates:
    """The expander's part: counting what waits, and what each running broadcast's channels take."""

    def __init__(self) -> None:
        self._looked_at = 0.0
        self._drains: dict[str, tuple[float, float]] = {}

    def step(self) -> bool:
        """Counts one page of one broadcast; whether there was one."""
        if time.monotonic() - self._looked_at < LOOK_EVERY_S:
            return False
        row = next((each for each in self._open() if not _is_done(each)), None)
        if row is None:
            self._looked_at = time.monotonic()
            return False
        estimate = count_page(row, row.estimate or begun())
        Broadcast.objects.filter(pk=row.pk, state=row.state).update(estimate=estimate)
        return True

    def _open(self) -> Sequence[Broadcast]:
        return list(Broadcast.objects.filter(state__in=UNCOUNTED).order_by("-changed_at")[:20])

    def drain(self, row: Broadcast) -> float:
        """Recipients a second beyond which one of the channels would fall behind; 0 without a limit."""
        at, rate = self._drains.get(row.pk, (0.0, 0.0))
        if not at or time.monotonic() - at >= SHARES_KNOWN_S:
            rate = slowest(row)
            self._drains[row.pk] = time.monotonic(), rate
        return rate


def slowest(row: Broadcast) -> float:
    """What the slowest of its channels drains, in recipients a second: its rate by the share that it is sent to."""
    rates = {c: rate for c, rate in drains.bulk_rates(settings.BULK_SHARE).items() if c in row.channels}
    if not rates:
        return 0.0
    shares = _shares(row)
    return min(rate / max(shares.get(channel, 1.0), 1e-6) for channel, rate in rates.items())


def _shares(row: Broadcast) -> dict[str, float]:
    """Of all recipients those who are sent to on each channel: as counted before, else as the ledger knows."""
    if row.estimate and row.estimate["counted"]:
        return {channel: row.estimate["sends"].get(channel, 0) / row.estimate["counted"] for channel in row.channels}
    found = figures.standing(row).channels
    told = {channel: each.sent + each.failed + each.in_flight for channel, each in found.items()}
    all_of = {channel: told[channel] + sum(each.dropped.values()) for channel, each in found.items()}
    return {channel: told[channel] / all_of[channel] if all_of[channel] else 1.0 for channel in row.channels}


def begun() -> dict[str, Any]:
    """An estimate of nobody."""
    return {"after": 0, "counted": 0, "done": False, "sends": {}, "drops": {}, "deferred": {}, "sms_segments": 0}


def _is_done(row: Broadcast) -> bool:
    return bool(row.estimate and row.estimate["done"])


def count_page(row: Broadcast, estimate: dict[str, Any]) -> dict[str, Any]:
    """`estimate` with the next page counted in; complete with the last one. Raises ControlPlaneUnavailable."""
    try:
        members = segments.page(row.segment, after=estimate["after"], limit=PAGE)
    except NotFound:
        members = []
    profiles = profiles_by_key.load([member.key for member in members], row.channels)
    found = _counted(row, list(profiles.values()))
    sends, drops, deferred = Counter(estimate["sends"]), dict(estimate["drops"]), Counter(estimate["deferred"])
    sends.update(found["sends"])
    deferred.update(found["deferred"])
    for channel, reasons in found["drops"].items():
        drops[channel] = dict(Counter(drops.get(channel, {})) + reasons)
    counted = estimate["counted"] + len(members)
    sms = estimate["sms_segments"] + found["sms_segments"]
    return {
        "after": members[-1].key if members else estimate["after"],
        "counted": counted,
        "done": len(members) < PAGE,
        "sends": dict(sends),
        "drops": drops,
        "deferred": dict(deferred),
        "sms_segments": sms,
        "sms_cost": str(round(sms * Decimal(str(settings.BROADCAST_SMS_PRICE)), 2)),
        "currency": settings.BROADCAST_CURRENCY,
        **seconds(row, counted, dict(sends)),
    }


def seconds(row: Broadcast, recipients: int, sends: dict[str, int]) -> dict[str, float | None]:
    """Both times: until everybody is routed, and until the slowest channel has sent everything (contract §7)."""
    return {
        "expansion_s": recipients / row.rate if row.rate else recipients / settings.BROADCAST_OWN_RATE,
        "delivery_s": drains.seconds(sends, row.rate),
    }


def _counted(row: Broadcast, profiles: Sequence[Profile]) -> dict[str, Any]:
    facts = get_catalog().facts(row.type)
    at = row.schedule_at or now_ms()
    alike = Alike(
        Question(
            id="", user="", priority=row.priority, now=at, channels=tuple(row.channels), expires_at=row.expires_at
        ),
        facts,
    )
    sends: Counter[str] = Counter()
    deferred: Counter[str] = Counter()
    drops: dict[str, Counter[str]] = {}
    locales: Counter[str] = Counter()
    for profile in profiles:
        for verdict in alike.verdicts(alike.key(profile), profile):
            if verdict.verdict == DROP:
                drops.setdefault(verdict.channel, Counter())[verdict.reason] += 1
                continue
            sends[verdict.channel] += 1
            deferred[verdict.channel] += verdict.verdict == "defer"
            locales[profile.locale] += verdict.channel == "sms"
    sms = sum(count * _segments(row, locale) for locale, count in locales.items() if count)
    return {"sends": sends, "drops": drops, "deferred": +deferred, "sms_segments": sms}


def _segments(row: Broadcast, locale: str) -> int:
    """Segments of the SMS as a stranger would get it: the recipient's own words may be longer or shorter."""
    request = RenderRequest(
        type=row.type,
        channel="sms",
        locale=locale,
        data=row.data,
        template_version=row.template_version,
        recipient=shown("usr_example", locale, channel="sms"),
    )
    found = render([request])[0]
    return sms_segments(found.body).count if isinstance(found, Content) else 0
