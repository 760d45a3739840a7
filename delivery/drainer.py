"""The drainer: a thread of web that owns the process's spool and empties it (contract §9, "Kafka down").

While the log is away it hands critical lines to their chain the direct way, through a bridge whose log is the spool.
When the log answers again the direct way is ended, everything is produced in order, and only then is accepting let onto
the log again. What a dead process of this machine left is adopted and treated alike.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, cast

import structlog
from django.db import close_old_connections

from delivery import scheduling
from delivery.bridge import Bridge, BridgeOptions
from delivery.direct_log import Source, SpoolLog
from delivery.reconciling import bring
from foundation import meters
from foundation.clock import now_ms
from foundation.errors import ControlPlaneUnavailable, LogUnavailable
from notifications import spool
from notifications.log import get_log
from notifications.log.port import Log
from notifications.spool import owners, registry
from notifications.spool.away import AWAY
from notifications.spool.file import standing
from notifications.topology import CRITICAL

PROBE_EVERY_MS = 500
PROBE_AGAIN_MS = 2_000  # after one that answered, but didn't take what it was brought
LOOK_EVERY_MS = 5_000
DUE_EVERY_MS = 1_000
REST_S = 0.5
GO_ON_AFTER_S = 1.0
CALLS_A_TURN = 4

log = structlog.get_logger(__name__)


class DrainerOptions(NamedTuple):
    """`folder`, `node`, `max_bytes`: of the spools; `bridge`: figures of the direct way."""

    folder: Path
    node: str
    max_bytes: int
    bridge: BridgeOptions

    @property
    def handover_ms(self) -> int:
        """How long a batch that was sent may be under way."""
        return self.bridge.deadline_ms + self.bridge.margin_ms


class Drainer:
    """One a process, owned by one thread: `run` is its life, `turn` one round of it. `open` comes first."""

    def __init__(self, options: DrainerOptions) -> None:
        self.options = options
        self.sources: dict[str, Source] = {}
        self.direct: Bridge | None = None
        self._own: Source | None = None
        self._probe: Future[set[str]] | None = None
        self._prober = ThreadPoolExecutor(1, thread_name_prefix="log-probe")
        self._next_probe = self._next_look = self._next_due = 0
        self._stopping = threading.Event()

    # --- life

    def open(self) -> None:
        """Takes a spool for this process: from now on it may spool. Raises LogUnavailable."""
        its = self.options
        owned = owners.take_slot(its.folder, its.node, max_bytes=its.max_bytes)
        self._own = self._attach(owned)
        spool.use(owned.file)

    def run(self) -> None:
        """Opens and turns until `stop`; nothing that goes wrong in a turn ends it."""
        while not self._stopping.is_set():
            try:
                if self._own is None:
                    self.open()
                self.turn()
            except Exception:
                log.exception("the drainer goes on")
                close_old_connections()
                self._stopping.wait(GO_ON_AFTER_S)
        self.close()

    def stop(self) -> None:
        """Asks `run` to end."""
        self._stopping.set()
        AWAY.woken.set()

    def close(self, seconds: float = 0) -> None:
        """Nothing is spooled any more; what is under way is waited for `seconds`, what is left waits to be adopted."""
        spool.use(None)
        self._end_direct(seconds)
        self._prober.shutdown(wait=False)
        for source in self.sources.values():
            source.owned.release()
        self.sources.clear()

    # --- a round

    def turn(self) -> None:
        """One round; rests when there is nothing to do."""
        now = now_ms()
        self._look_around(now)
        for topic in self._answering(now):
            with self._put_off():
                self._bring_back(topic)
        self._bring_left(now)
        if CRITICAL in AWAY.topics:
            self._go_direct()
        elif not AWAY.topics:
            self._rest()
        else:
            self._stopping.wait(REST_S / 10)

    def _rest(self) -> None:
        AWAY.woken.wait(REST_S)
        AWAY.woken.clear()

    def _go_direct(self) -> None:
        if self.direct is None:
            member = f"spool-{self._own.owned.file.name}" if self._own else "spool"
            self.direct = Bridge(cast(Log, SpoolLog(self.sources.values())), [CRITICAL], member, self.options.bridge)
        self._take_what_is_due(now_ms())
        self.direct.turn()

    def _take_what_is_due(self, now: int) -> None:
        """Critical retries keep their times: what is due goes into the spool, and from there its way."""
        if now < self._next_due or self._own is None:
            return
        self._next_due = now + DUE_EVERY_MS
        with suppress(ControlPlaneUnavailable):  # then it is late, as with the log there
            scheduling.release(("critical",), put=self._own.owned.file.put)

    def _end_direct(self, seconds: float) -> None:
        """What is under way is waited for; what still is then may run on, so its lines rest until it can't."""
        bridge, self.direct = self.direct, None
        if bridge is None:
            return
        bridge.drain(seconds)
        if bridge.in_flight:  # what is held was given back, or never sent: a store that is away keeps nothing here
            until = now_ms() + self.options.handover_ms
            for source in self.sources.values():
                source.not_before = until

    # --- back to the log

    def _answering(self, now: int) -> set[str]:
        """The topics that are away and answer again, as far as a probe can tell."""
        if self._probe is not None:
            if not self._probe.done():
                return set()
            found, self._probe = self._probe.result(), None
            self._next_probe = now + PROBE_EVERY_MS
            return found & AWAY.topics.keys()
        if AWAY.topics and now >= self._next_probe:
            self._probe = self._prober.submit(_that_answer, list(AWAY.topics))
        return set()

    @contextmanager
    def _put_off(self) -> Iterator[None]:
        try:
            yield
        except LogUnavailable as error:
            log.warning("the log answers, but takes nothing", why=str(error))
            self._next_probe = now_ms() + PROBE_AGAIN_MS

    def _bring_back(self, topic: str) -> None:
        """Lets accepting onto `topic` again once nothing of it is left here. Raises LogUnavailable."""
        if topic == CRITICAL:
            self._end_direct(self.options.handover_ms / 1000)
        own = self._own
        if own is None or (topic == CRITICAL and own.not_before > now_ms()):
            return
        file, engine = own.owned.file, get_log()
        while not bring(file, topic, engine, calls=CALLS_A_TURN):
            if self._stopping.is_set():
                return
        AWAY.open(topic, lambda: bring(file, topic, engine, calls=CALLS_A_TURN))

    def _bring_left(self, now: int) -> None:
        """Lines of topics that aren't away: left by a process that died, ours before or another's."""
        for source in list(self.sources.values()):
            for topic in source.owned.file.topics() - AWAY.topics.keys():
                if topic == CRITICAL and source.not_before > now:
                    continue
                try:
                    bring(source.owned.file, topic, get_log(), calls=CALLS_A_TURN)
                except LogUnavailable as error:
                    AWAY.note([topic], error)

    # --- around

    def _look_around(self, now: int) -> None:
        """Adopts what has no owner, lets go what is empty, and tells the others how full ours are."""
        if now < self._next_look:
            return
        self._next_look = now + LOOK_EVERY_MS
        for path in owners.spools(self.options.folder):
            if path.name not in self.sources and standing(path).rows:
                owned = owners.adopt(path)
                if owned is not None:
                    log.warning("a spool without an owner is adopted", spool=owned.file.name)
                    self._attach(owned)
        standings = {name: standing(source.owned.file.path) for name, source in self.sources.items()}
        meters.SPOOL_ROWS.set(sum(its.rows for its in standings.values()))
        oldest = min((its.oldest for its in standings.values() if its.rows), default=now)
        meters.SPOOL_OLDEST.set((now - oldest) / 1_000)
        for name, its in standings.items():
            source = self.sources[name]
            self._tell(source, its, now)
            if not its.rows and source is not self._own:
                del self.sources[name]
                source.owned.release()

    def _attach(self, owned: owners.Owned) -> Source:
        """What an owner before us sent the direct way may be under way still."""
        left = standing(owned.file.path).undone
        source = Source(owned, now_ms() + self.options.handover_ms if left else 0)
        self.sources[owned.file.path.name] = source
        return source

    def _tell(self, source: Source, its: spool.Standing, now: int) -> None:
        node, _ = owners.node_and_slot(source.owned.file.path)
        with suppress(ControlPlaneUnavailable):  # told at the next look; until then the folder itself tells
            registry.say(source.owned.file.name, node, its, now=now)


def _that_answer(topics: list[str]) -> set[str]:
    answering: set[str] = set()
    for topic in topics:
        with suppress(LogUnavailable):  # it is away still
            get_log().end_offsets(topic)
            answering.add(topic)
    return answering
