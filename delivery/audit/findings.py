"""What an audit found: counts by outcome, what is lost, what was counted twice."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec

from delivery.audit.entry import Standing
from delivery.audit.spools import Spool
from foundation.clock import to_rfc3339
from notifications.words import sentence

SHOWN = 20
# Findings stay in memory: beyond this many of a kind only their number is kept.
NAMED = 50_000


class Finding(msgspec.Struct, frozen=True):
    """One notification on one channel ("*": all of it), and what is wrong with it."""

    id: str
    channel: str
    what: str


class Wrong:
    """A kind of finding: all are counted, the first NAMED are named."""

    def __init__(self) -> None:
        self.count = 0
        self.named: list[Finding] = []

    def add(self, id: str, channel: str, what: str) -> None:
        self.count += 1
        if len(self.named) < NAMED:
            self.named.append(Finding(id, channel, what))


class Findings:
    """The result of `audit`. `clean` when nothing is lost, doubled, unreadable or told differently elsewhere, and every
    spool that holds something has a running owner."""

    def __init__(self, *, since: int, until: int | None, at: int) -> None:
        self.since, self.until, self.at = since, until, at
        self.accepted = 0
        self.notifications: Counter[str] = Counter()
        self.deliveries: Counter[str] = Counter()
        self.standings: Counter[Standing] = Counter()
        self.places: Counter[str] = Counter()
        self.lost = Wrong()
        self.doubled = Wrong()
        self.unreadable = Wrong()
        self.differing = Wrong()
        self.spools: list[Spool] = []
        self.allowed_doubles = 0
        self.deep = False
        self.seconds = 0.0

    @property
    def clean(self) -> bool:
        wrongs = (self.lost, self.doubled, self.unreadable, self.differing)
        return not any(wrong.count for wrong in wrongs) and all(spool.owned for spool in self.spools)

    def as_json(self) -> dict[str, Any]:
        """Everything, with all that is named."""
        return {
            "clean": self.clean,
            "at": to_rfc3339(self.at),
            "since": to_rfc3339(self.since) if self.since else None,
            "until": None if self.until is None else to_rfc3339(self.until),
            "accepted": self.accepted,
            "notifications": dict(self.notifications),
            "deliveries": dict(self.deliveries),
            "outcomes": [{**one._asdict(), "count": count} for one, count in self._sorted()],
            "in_flight": dict(self.places),
            "spools": msgspec.to_builtins(self.spools),
            "lost": _wrong(self.lost),
            "doubled": {**_wrong(self.doubled), "allowed": self.allowed_doubles},
            "unreadable": _wrong(self.unreadable),
            "differing": _wrong(self.differing) if self.deep else None,
            "seconds": round(self.seconds, 2),
        }

    def lines(self) -> list[str]:
        """The same for a terminal."""
        lines = [
            f"accepted {self.accepted:,} notifications: {_columns(self.notifications)}",
            f"decided {sum(self.deliveries.values()):,} deliveries: {_columns(self.deliveries)}",
        ]
        lines += [_outcome_line(one, count) for one, count in self._sorted()]
        lines += [f"  in flight, {where}: {count:,}" for where, count in sorted(self.places.items())]
        lines += [f"  spool {spool.name}: {spool.words(self.at)}" for spool in self.spools]
        if self.allowed_doubles:
            lines.append(f"  sent again because it was in doubt: {self.allowed_doubles:,}")
        for name in ("lost", "doubled", "unreadable", "differing"):
            lines += _wrong_lines(name, getattr(self, name))
        lines.append(f"{'clean' if self.clean else 'NOT CLEAN'}, in {self.seconds:.1f} s")
        return lines

    def _sorted(self) -> list[tuple[Standing, int]]:
        return sorted((item for item in self.standings.items() if item[1]), key=lambda item: (item[0][0], -item[1]))


def _columns(counts: Counter[str]) -> str:
    return ", ".join(f"{count:,} {column.replace('_', ' ')}" for column, count in counts.items() if count) or "none"


def _outcome_line(one: Standing, count: int) -> str:
    why = f" ({one.reason}: {sentence(one.reason)})" if one.reason else ""
    return f"  {one.channel:<7} {one.status:<12} {count:>10,}{why}"


def _wrong(wrong: Wrong) -> dict[str, Any]:
    return {"count": wrong.count, "named": msgspec.to_builtins(wrong.named)}


def _wrong_lines(name: str, wrong: Wrong) -> list[str]:
    if not wrong.count:
        return []
    lines = [f"{name}: {wrong.count:,}"]
    lines += [f"  {one.id} {one.channel}: {one.what}" for one in wrong.named[:SHOWN]]
    if wrong.count > SHOWN:
        lines.append(f"  … and {wrong.count - SHOWN:,} more (--json names them)")
    return lines
