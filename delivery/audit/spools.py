"""Spools as the audit sees them: their lines are in flight, and one with lines needs a running owner (contract §9).

Those of this machine are read in their folder; other machines' are known by what they last said of themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
from django.conf import settings

from delivery.audit.facts import WHOLE, Accepted, Fact, InFlight, facts_of
from foundation.clock import now_ms
from foundation.errors import LogUnavailable, PoisonRecord
from notifications.log.port import LogRecord
from notifications.spool import owners, registry
from notifications.spool.file import SUFFIX, read, standing

_EVER = 2**62
NO_PARTITION = -1  # before every place on the log: where an event stands there too, that is said of it


class Spool(msgspec.Struct, frozen=True, kw_only=True):
    """A spool that holds lines. `undone`: those that weren't sent the direct way; `oldest`: since when (ms); `path` is
    "" for another machine's; `owned`: whether a running process drains it."""

    name: str
    node: str
    path: str
    lines: int
    undone: int
    oldest: int
    owned: bool

    def words(self, now: int) -> str:
        """For people."""
        where = f"at {self.path}" if self.path else "on its own machine"
        owner = "its owner is running" if self.owned else "WITHOUT A RUNNING OWNER"
        age = max(0, now - self.oldest) // 1_000
        return f"{self.lines:,} lines ({self.undone:,} not sent yet), the oldest {age:,} s old, {where}, {owner}"


def seen() -> list[Spool]:
    """All spools that hold lines. Raises LogUnavailable, ControlPlaneUnavailable."""
    here = [path.name.removesuffix(SUFFIX) for path in owners.spools(settings.SPOOL_FOLDER)]
    return [*local(), *_elsewhere(here)]


def local() -> list[Spool]:
    """Those of this machine. Raises LogUnavailable."""
    found = []
    for path in owners.spools(settings.SPOOL_FOLDER):
        its = standing(path)
        if its.rows:
            node, _ = owners.node_and_slot(path)
            found.append(
                Spool(
                    name=path.name.removesuffix(SUFFIX),
                    node=node,
                    path=str(path),
                    lines=its.rows,
                    undone=its.undone,
                    oldest=its.oldest,
                    owned=_has_owner(path),
                )
            )
    return found


def _has_owner(path: Path) -> bool:
    try:
        return owners.has_owner(path)
    except OSError as error:
        raise LogUnavailable(f"the spool {path}: {error}") from error


def _elsewhere(names: list[str]) -> list[Spool]:
    now = now_ms()
    return [
        Spool(
            name=row.name,
            node=row.node,
            path="",
            lines=row.lines,
            undone=row.undone,
            oldest=row.oldest,
            owned=now - row.seen_at < registry.SILENT_MS,
        )
        for row in registry.told(besides=names)
    ]


def waiting(since: int = 0, until: int | None = None) -> Iterator[Fact]:
    """Each line of this machine: accepted (in [since, until) ms), and in flight. Raises LogUnavailable."""
    for path in owners.spools(settings.SPOOL_FOLDER):
        where = f"spool {path.name.removesuffix(SUFFIX)}"
        for line in read(path):
            topic, key, value, _ = line.message
            try:
                facts = list(facts_of(LogRecord(topic, NO_PARTITION, line.number, key, value, {}, line.at)))
            except PoisonRecord:
                continue  # whoever reads it from the log quarantines it
            for fact in facts:
                if isinstance(fact, Accepted) and since <= fact.accepted_at < (until or _EVER):
                    yield fact
                    yield InFlight(fact.id, WHOLE, where)
