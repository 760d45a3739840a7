"""The process-wide catalog of notification types: in memory, never older than about a second.

A mark in Redis says when anything changed (`templates_app.copies`). Redis emptied: the mark is missing, SQL is read.
Redis away: SQL is read every CATALOG_REDIS_AWAY_S. SQL away: it goes on with what it has; a process started then reads
the copy in Redis.
"""

from __future__ import annotations

import difflib
import threading
import time
from functools import cache
from types import MappingProxyType

from django.conf import settings

from foundation.errors import ControlPlaneUnavailable
from foundation.redis import Unreachable
from preferences.facts import TypeFacts
from templates_app import control_plane, copies
from templates_app.copies import Entry
from templates_app.texts import TEXTS
from templates_app.variables.rows import declared
from templates_app.variables.schema import schema_text

MOST_NEAR = 3


class Catalog:
    """What is known of all types. All its methods answer from memory; a look at Redis or SQL comes once a second."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: MappingProxyType[str, Entry] | None = None
        self._mark: bytes | None = None
        self._check_at = 0.0
        self._reload_at = 0.0
        self._redis_away_until = 0.0

    def facts(self, name: str) -> TypeFacts | None:
        """The facts of a type, None when there is none.

        Raises ControlPlaneUnavailable when nothing was ever read and neither SQL nor Redis answers.
        """
        entry = self.entry(name)
        return entry.facts if entry else None

    def entry(self, name: str) -> Entry | None:
        """As `facts`, with the row's key. A name that isn't known is looked for at once: it may be a new one."""
        entry = self._current().get(name)
        if entry is None:
            self._check(by_miss=True)
            entry = self._current().get(name)
        return entry

    def names(self) -> list[str]:
        """All types, sorted."""
        return sorted(self._current())

    def categories(self) -> dict[str, list[str]]:
        """Category → its types, both sorted."""
        found: dict[str, list[str]] = {}
        for name in self.names():
            found.setdefault(self._current()[name].facts.category, []).append(name)
        return dict(sorted(found.items()))

    def near(self, name: str) -> list[str]:
        """Names that `name` may have been meant to be, best first."""
        return difflib.get_close_matches(name, self.names(), n=MOST_NEAR, cutoff=0.5)

    def forget(self) -> None:
        """The next question reads anew."""
        self._check_at = self._reload_at = self._redis_away_until = 0.0

    def _current(self) -> MappingProxyType[str, Entry]:
        if self._entries is None or time.monotonic() >= self._check_at:
            self._check()
        assert self._entries is not None
        return self._entries

    def _check(self, *, by_miss: bool = False) -> None:
        """Reads anew if the mark changed. One thread does it; the others go on with what is there."""
        if not self._lock.acquire(blocking=self._entries is None):
            return
        try:
            if self._is_stale(by_miss):
                self._reload()
        finally:
            self._lock.release()

    def _is_stale(self, by_miss: bool) -> bool:
        now = time.monotonic()
        if self._entries is not None and now < self._check_at and (not by_miss or now < self._redis_away_until):
            return False  # another thread has just looked, or looking would only mean to wait for Redis
        self._check_at = now + settings.CATALOG_CHECK_S
        if now < self._redis_away_until:
            return now >= self._reload_at
        return self._mark_changed() or now >= self._reload_at

    def _mark_changed(self) -> bool:
        """Whether the mark is another than at the last reading; True when nobody can say."""
        try:
            mark = copies.read_mark()
        except Unreachable:
            self._redis_away_until = self._check_at = time.monotonic() + settings.CATALOG_REDIS_AWAY_S
            return True
        changed = mark is None or mark != self._mark
        if changed:
            copies.forget_written()
        self._mark = mark
        return changed

    def _reload(self) -> None:
        self._reload_at = time.monotonic() + settings.CATALOG_RELOAD_S
        try:
            entries = control_plane.read(_read_entries)
        except ControlPlaneUnavailable:
            self._without_sql()
            return
        self._entries = MappingProxyType({entry.facts.name: entry for entry in entries})
        if control_plane.in_transaction():
            self._check_at = self._reload_at = 0.0  # what isn't committed isn't kept
            return
        copies.keep_entries(entries)
        if self._mark is None:
            self._start_mark()
        TEXTS.keep_copies()

    def _without_sql(self) -> None:
        """The copy may be newer than what is here; where Redis was emptied it gets ours, for whoever starts now."""
        self._reload_at = time.monotonic() + settings.CATALOG_CHECK_S
        entries = copies.read_entries()
        if entries is not None:
            self._entries = MappingProxyType({entry.facts.name: entry for entry in entries})
        elif self._entries is None:
            raise ControlPlaneUnavailable("the types can't be read: SQL is away and Redis has no copy")
        else:
            copies.keep_entries(self._entries.values())
            TEXTS.keep_copies()

    def _start_mark(self) -> None:
        try:
            copies.set_mark(only_if_missing=True)
            self._mark = copies.read_mark()
        except Unreachable:
            self._mark = None


def _read_entries() -> list[Entry]:
    from templates_app.models import NotificationType

    rows = NotificationType.objects.defer("description", "example").prefetch_related("variables")
    return [_entry(row) for row in rows]


def _entry(row: object) -> Entry:
    from templates_app.models import NotificationType

    assert isinstance(row, NotificationType)
    facts = TypeFacts(
        name=row.name,
        category=row.category,
        priority=row.priority,
        channels=tuple(row.channels),
        mandatory=row.mandatory,
        marketing=row.marketing,
        two_factor=row.two_factor,
        fallback=row.fallback,
        dedupe_window_s=row.dedupe_window_s,
        expires_after_s=row.expires_after_s,
        version=row.version,
        template_version=row.template_version,
        sms_countries=tuple(row.sms_countries or settings.SMS_COUNTRIES),
    )
    schema = schema_text(declared(row.variables.all()))
    return Entry(key=row.pk, facts=facts, default_locale=row.default_locale, schema=schema)


@cache
def get_catalog() -> Catalog:
    """The process's catalog."""
    return Catalog()
