"""The expander: frozen audiences to records on `notifications.bulk`, round by round (contract §7, decision 21).

What keeps it exact:
- before a round is produced, the walk's row says how far it goes, and its `now`; only after the log has acknowledged it
  the row says that it is out. Whoever finds a round begun and not out does it again: the same recipients, ids and
  `now`, marked as repeats;
- the row is written only by the owner of the lease, and a round is produced only while enough of the lease is left.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import msgspec
import structlog
from django.db.models import Q
from pyroaring import BitMap

from delivery.broadcasts import rounds
from delivery.broadcasts.backlog import Backlog
from delivery.broadcasts.canary import Canaries
from delivery.broadcasts.estimating import Estimates
from delivery.broadcasts.pacing import UNTHROTTLED, Pacer
from delivery.broadcasts.rounds import Seat
from delivery.broadcasts.starting import start_due
from foundation.clock import now_ms
from foundation.control_plane import control_plane
from foundation.errors import NotFound, Unreachable
from foundation.process import pulse
from foundation.redis import Unreachable as RedisUnreachable
from notifications import announce
from notifications.broadcasts import audience, book, ledger, pull, recalling, states, steering
from notifications.broadcasts.models import Broadcast, Walk
from notifications.log.port import Log
from notifications.topology import BULK
from templates_app.catalog import get_catalog

LEASE_MS = 15_000
PRODUCE_WITHIN_MS = 5_000  # of the lease must be left when a round is produced
REST_S = 0.25
LOOK_FOR_DUE_S = 1.0
SYSTEM = "the platform"

log = structlog.get_logger(__name__)


class _Window(msgspec.Struct):
    """What the walk's current window holds, in the order in which it goes out."""

    wave: int
    after: int
    size: int
    last: int
    seats: list[Seat]


class Expander:
    """One expander process; any number share the broadcasts. `member` names it."""

    def __init__(self, engine: Log, member: str) -> None:
        self.log = engine
        self.member = member
        self.backlog = Backlog(engine)
        self.canaries = Canaries()
        self.estimates = Estimates()
        self._pacers: dict[str, Pacer] = {}
        self._windows: dict[str, _Window] = {}
        self._due_at = 0.0

    def turn(self) -> float:
        """One round of each broadcast that may have one; seconds until there is something to do again."""
        pulse.beat()
        try:
            with control_plane():
                return self._turn()
        except (Unreachable, *RedisUnreachable) as error:
            log.warning("broadcasts wait, a server is away", why=str(error))
            return REST_S

    def _turn(self) -> float:
        if time.monotonic() >= self._due_at:
            self._due_at = time.monotonic() + LOOK_FOR_DUE_S
            start_due(now_ms())
        walks = list(self._mine())
        self._forget({walk.pk for walk in walks})
        waits = [self._step(walk.broadcast, walk) for walk in walks]
        if self.estimates.step():
            waits.append(0.0)
        return min([REST_S, *waits])

    def _mine(self) -> Sequence[Walk]:
        """The walks there is something to do for, those of others whose lease has ended too, under our lease."""
        now = now_ms()
        free = Q(owner=self.member) | Q(lease_until__lt=now)
        begun = Q(round_to__gt=0)  # of a broadcast that was paused or cancelled: what is out is known again
        recalled = Q(broadcast__recalled_at__isnull=False, is_recalled=False)
        active = Q(broadcast__state__in=(states.RUNNING, states.HELD))
        walks = Walk.objects.filter(active | begun | recalled).select_related("broadcast")
        return [walk for walk in walks.filter(free) if self._lease(walk, now)]

    def _lease(self, walk: Walk, now: int) -> bool:
        if walk.owner == self.member and walk.lease_until - now > LEASE_MS // 2:
            return True
        free = Q(owner=walk.owner, lease_until=walk.lease_until)
        walk.owner, walk.lease_until = self.member, now + LEASE_MS
        taken = Walk.objects.filter(free, pk=walk.pk).update(owner=self.member, lease_until=walk.lease_until)
        return bool(taken)

    def _forget(self, mine: set[str]) -> None:
        for kept in (self._pacers, self._windows):
            for gone in kept.keys() - mine:
                del kept[gone]

    # --- one broadcast

    def _step(self, row: Broadcast, walk: Walk) -> float:
        """The next thing to do for a broadcast; seconds until the one after."""
        if row.recalled_at and not walk.round_to:
            return self._recall(row, walk)
        if not walk.is_frozen:
            return self._freeze(row, walk)
        if walk.round_to:
            return 0.0 if self._round(row, walk, row.rate, 0) else REST_S
        if row.state == states.HELD:
            self.canaries.look(row, walk, now_ms())
            return REST_S
        if self.canaries.is_out(row, walk):
            self.canaries.hold(row, walk, now_ms())
            return 0.0
        if reason := self._stops(row, walk):
            self._note(walk, reason)
            return REST_S
        pacer = self._pacers.setdefault(row.pk, Pacer())
        rate = self._rate(row)
        begun = time.monotonic()
        wait = pacer.wait(rate, begun)
        if wait:
            return wait
        count = self._round(row, walk, rate, pacer.most(rate, begun))
        pacer.took(count, rate, begun)
        return pacer.wait(rate, time.monotonic()) if count else REST_S

    def _freeze(self, row: Broadcast, walk: Walk) -> float:
        try:
            if audience.freeze_page(row, walk) and row.pull:
                self._make_available(row, walk)
        except NotFound as error:
            steering.cancel(row.pk, by=SYSTEM)
            Broadcast.objects.filter(pk=row.pk).update(why=error.detail[:300])
        return 0.0

    def _recall(self, row: Broadcast, walk: Walk) -> float:
        if recalling.waits(row, walk):
            return REST_S
        if walk.recalled_to < 0 and not walk.recall_passes:
            announce.tell_everybody(now_ms())
        recalling.step(row, walk)
        return 0.0

    def _make_available(self, row: Broadcast, walk: Walk) -> None:
        """In-app is there for everybody at once; what remains to be walked are the other channels."""
        pull.make_available(row)
        announce.tell_everybody(now_ms())
        if row.channels == ["in_app"]:
            walk.expanded = walk.audience
            self._write(walk, "expanded")
            self._finish(row, walk)

    def _stops(self, row: Broadcast, walk: Walk) -> str:
        if walk.wave > now_ms():
            return "waits for the local time of those who are next"
        return self.backlog.stops(row.channels)

    def _note(self, walk: Walk, reason: str) -> None:
        if walk.stops_for != reason:
            walk.stops_for = reason
            self._write(walk, "stops_for")

    def _rate(self, row: Broadcast) -> float:
        """The throttle, or less where a channel of it drains more slowly."""
        drain = self.estimates.drain(row)
        limits = [each for each in (float(row.rate), drain) if each]
        return min(limits, default=0.0)

    # --- one round

    def _round(self, row: Broadcast, walk: Walk, rate: float, most: int) -> int:
        """Produces the next round of up to `most`, or the one that was begun before; how many it had."""
        window = self._window(row, walk, rate)
        if window is None:
            return 0
        repeat = bool(walk.round_to)
        if not repeat:
            most = self.canaries.most(row, walk, most)
            walk.round_to, walk.round_at = min(len(window.seats), walk.depth + most), now_ms()
            walk.stops_for = ""
            if not self._write(walk, "round_to", "round_at", "stops_for"):
                return 0
        if walk.lease_until - now_ms() < PRODUCE_WITHIN_MS:
            return 0
        seats = window.seats[walk.depth : walk.round_to]
        self._produce(row, walk, seats, repeat)
        self._out(walk, window, len(seats))
        return len(seats)

    def _produce(self, row: Broadcast, walk: Walk, seats: Sequence[Seat], repeat: bool) -> None:
        channels = [channel for channel in row.channels if channel != "in_app" or not row.pull]
        if seats and channels:
            facts = get_catalog().facts(row.type)
            at = walk.round_at
            self.log.produce(rounds.messages(row, facts, seats, channels=channels, at=at, repeat=repeat))

    def _out(self, walk: Walk, window: _Window, count: int) -> None:
        """The round is durable on the log: the walk goes on behind it."""
        walk.expanded += count
        walk.depth, walk.round_to = walk.round_to, 0
        if walk.depth >= len(window.seats):
            walk.window_after, walk.window_size, walk.depth = window.last, 0, 0
        self._write(walk, "expanded", "depth", "round_to", "window_after", "window_size")

    def _write(self, walk: Walk, *fields: str) -> bool:
        """Writes `fields`, and only as the lease's owner."""
        values = {field: getattr(walk, field) for field in fields}
        return bool(Walk.objects.filter(pk=walk.pk, owner=self.member).update(**values))

    def _window(self, row: Broadcast, walk: Walk, rate: float) -> _Window | None:
        """The window that the walk is in, opened where it is in none; None when nobody is left (yet)."""
        if not walk.window_size and not self._open(row, walk, rate):
            return None
        kept = self._windows.get(row.pk)
        if kept is None or (kept.wave, kept.after, kept.size) != (walk.wave, walk.window_after, walk.window_size):
            kept = self._windows[row.pk] = self._read(row, walk)
        return kept

    def _open(self, row: Broadcast, walk: Walk, rate: float) -> bool:
        size = rounds.window_size(rate, UNTHROTTLED)
        if not audience.window(row.pk, walk.wave, after=walk.window_after, size=1) and not self._next_wave(row, walk):
            return False
        walk.window_size = size
        walk.partitions = walk.partitions or len(self.log.end_offsets(BULK))
        return self._write(walk, "wave", "window_after", "window_size", "partitions")

    def _next_wave(self, row: Broadcast, walk: Walk) -> bool:
        """Goes on to the next wave of users; False when that one's time hasn't come, or there is none: all are out."""
        later = [wave for wave in audience.waves(row.pk) if wave > walk.wave]
        if not later:
            self._finish(row, walk)
            return False
        walk.wave, walk.window_after = later[0], -1
        self._write(walk, "wave", "window_after")
        return walk.wave <= now_ms()

    def _finish(self, row: Broadcast, walk: Walk) -> None:
        walk.is_expanded = True
        self._write(walk, "is_expanded")
        steering.finish(row.pk)

    def _read(self, row: Broadcast, walk: Walk) -> _Window:
        keys = audience.window(row.pk, walk.wave, after=walk.window_after, size=walk.window_size)
        users = audience.user_ids(keys)
        if len(users) < len(keys):
            self._tell_gone(row, [key for key in keys if key not in users])
        seats = rounds.round_robin(users, walk.partitions, rounds.block_size(walk.window_size, walk.partitions))
        return _Window(walk.wave, walk.window_after, walk.window_size, keys[-1], seats)

    def _tell_gone(self, row: Broadcast, keys: Sequence[int]) -> None:
        """Users whose rows are gone since they were frozen: erased, says the ledger, at once."""
        news: dict[book.Place, dict[str, BitMap]] = {}
        for channel in row.channels:
            book.add(news, row.pk, channel, ledger.word("dropped", "erased"), keys)
        book.fold(news)
