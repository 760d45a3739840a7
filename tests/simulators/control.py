"""What a simulator is told to do, and what it received. One `Script` a simulator; safe between threads.

script.answer("Unregistered", times=1, timestamp=1_700_000_000_000)     the next one
script.answer("BadDeviceToken", times=None, address="^dead-")           every address like this
script.drop(after=10)        the connection is cut when the 11th comes; goaway(after=10) likewise
script.silence()             takes the next one and never answers
script.rubbish()             answers the next one with what is no answer
script.limit(100)            the provider's "too many requests" beyond 100/s
script.stutter("503", times=2, address="^busy-")     fails twice, takes one, fails twice again
script.drip(0.2)             takes it and says yes a byte at a time (SES alone)
script.hold(address="^a1")   takes it and says yes at release()
script.mute()                the next connection is opened and nothing is ever said on it
script.lift()                takes all orders back
script.latency_s = 0.05
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Mapping
from threading import Condition
from typing import Any

import msgspec

OK, CODE, DROP, GOAWAY, SILENCE, RUBBISH, LIMITED = "ok", "code", "drop", "goaway", "silence", "rubbish", "limited"


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """One message that arrived: `id` is the sender's, `answer` the kind it was answered with, `at` in seconds."""

    id: str
    address: str
    answer: str
    headers: dict[str, str] = {}
    body: Any = None
    at: float = 0.0


class Answer(msgspec.Struct, frozen=True):
    """How to answer one message. `code` is the provider's, with its `extra` (retry_after, timestamp …)."""

    kind: str = OK
    code: str = ""
    extra: dict[str, Any] = {}


class _Rule(msgspec.Struct):
    answer: Answer
    left: int | None  # None: for good
    wait: int  # so many messages pass before
    address: re.Pattern[str] | None
    again: int = 0  # so many once more, after one message has passed


class Script:
    """The orders of a simulator. An address's rule comes before one for the next n; the first given goes first.

    Of what was received the last `keep` are kept, all where it is None; `counts` counts them by their answer.
    """

    def __init__(self, *, keep: int | None = None) -> None:
        self.keep = keep
        self.counts: Counter[str] = Counter()
        self.changed = Condition()
        self.received: list[Received] = []
        self.connections = 0
        self.latency_s = 0.0
        self._held: list[tuple[str, Callable[[], object]]] = []
        self._mute = 0
        self._rules: list[_Rule] = []
        self._most: int | None = None
        self._within_s = 1.0
        self._times: list[float] = []

    def reset(self) -> None:
        """As new: nothing received, nothing ordered."""
        with self.changed:
            self.received.clear()
            self.counts.clear()
            self.connections = 0
            self.lift()

    def lift(self) -> None:
        """Takes back every order; what was received stays."""
        with self.changed:
            self._rules.clear()
            self._times.clear()
            self._held.clear()
            self._most, self.latency_s, self._mute = None, 0.0, 0

    def answer(
        self, code: str, *, times: int | None = 1, address: str | None = None, after: int = 0, **extra: Any
    ) -> None:
        """Answers with the provider's `code`: the next `times`, or all that match `address` (a pattern)."""
        self._order(Answer(CODE, code, extra), times, address, after)

    def stutter(self, code: str, *, times: int, address: str, **extra: Any) -> None:
        """Answers with `code` for `times` messages like `address`, takes the next one, and so on."""
        with self.changed:
            self._rules.append(_Rule(Answer(CODE, code, extra), times, 0, re.compile(address), again=times))

    def drop(self, *, times: int | None = 1, address: str | None = None, after: int = 0) -> None:
        """Cuts the connection when a message comes, after `after` others."""
        self._order(Answer(DROP), times, address, after)

    def goaway(self, *, times: int | None = 1, after: int = 0) -> None:
        """Says GOAWAY when a message comes, after `after` others, and takes no more on that connection."""
        self._order(Answer(GOAWAY), times, None, after)

    def silence(self, *, times: int | None = 1, address: str | None = None, after: int = 0) -> None:
        """Takes a message and never answers."""
        self._order(Answer(SILENCE), times, address, after)

    def rubbish(self, *, times: int | None = 1, address: str | None = None, after: int = 0) -> None:
        """Takes a message and answers what nobody understands."""
        self._order(Answer(RUBBISH), times, address, after)

    def slow(self, seconds: float, *, times: int | None = 1, address: str | None = None, after: int = 0) -> None:
        """Takes a message and says yes `seconds` later."""
        self._order(Answer(OK, "", {"slow_s": seconds}), times, address, after)

    def drip(self, seconds: float, *, times: int | None = 1, address: str | None = None) -> None:
        """Takes a message and says yes, each byte `seconds` after the one before."""
        self._order(Answer(OK, "", {"drip_s": seconds}), times, address, 0)

    def hold(self, *, times: int | None = 1, address: str | None = None) -> None:
        """Takes a message and says yes when it is released."""
        self._order(Answer(OK, "", {"held": True}), times, address, 0)

    def keep_back(self, address: str, answer: Callable[[], object]) -> None:
        """A simulator's answer that was ordered to be held; `answer` may be called from any thread."""
        with self.changed:
            self._held.append((address, answer))

    def release(self, address: str = "") -> None:
        """Lets the answers go that are held for addresses like `address`."""
        with self.changed:
            going = [each for each in self._held if re.search(address, each[0])]
            self._held = [each for each in self._held if each not in going]
        for _, answer in going:
            answer()

    def mute(self, connections: int = 1) -> None:
        """On so many next connections nothing is ever said."""
        with self.changed:
            self._mute = connections

    def is_mute(self) -> bool:
        """Whether the connection that has just come is one of those; asked once for each."""
        with self.changed:
            self._mute -= 1
            return self._mute >= 0

    def limit(self, most: int | None, *, within_s: float = 1.0) -> None:
        """Answers `LIMITED` to what comes beyond `most` within a second, or `within_s`; None lifts it."""
        with self.changed:
            self._most, self._within_s = most, within_s

    def next(self, address: str) -> Answer:
        """The answer for a message to `address` that has just come."""
        with self.changed:
            if self._is_over_the_limit():
                return Answer(LIMITED)
            return self._by_rule(address) or Answer()

    def take(self, **received: Any) -> None:
        """Keeps a message (the fields of `Received`) and wakes who waits for it."""
        with self.changed:
            self.received.append(Received(at=time.time(), **received))
            self.counts[received["answer"]] += 1
            if self.keep is not None and len(self.received) > 2 * self.keep:
                del self.received[: -self.keep]
            self.changed.notify_all()

    def connected(self) -> None:
        """Counts a connection."""
        with self.changed:
            self.connections += 1
            self.changed.notify_all()

    def wait(self, count: int, timeout_s: float = 5.0) -> list[Received]:
        """What was received once it is at least `count`. Raises TimeoutError."""
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.received) >= count, timeout_s):
                raise TimeoutError(f"{len(self.received)} of {count} arrived")
            return list(self.received)

    def accepted(self) -> list[Received]:
        """Those the provider took, answered or not."""
        with self.changed:
            return [each for each in self.received if each.answer in (OK, SILENCE, RUBBISH)]

    def apply(self, orders: Mapping[str, Any]) -> None:
        """The same by plain values, for a simulator that runs as a process: {"answer": {"code": "…", "times": 3}}."""
        for name, arguments in orders.items():
            if name == "latency_s":
                self.latency_s = float(arguments)
            elif name == "limit":
                self.limit(arguments)
            elif name in ("answer", "drop", "goaway", "silence", "rubbish", "slow", "stutter", "lift", "reset"):
                getattr(self, name)(**(arguments or {}))
            else:
                raise ValueError(f"no such order: {name}")

    def _order(self, answer: Answer, times: int | None, address: str | None, after: int) -> None:
        with self.changed:
            self._rules.append(_Rule(answer, times, after, re.compile(address) if address else None))

    def _by_rule(self, address: str) -> Answer | None:
        for rule in sorted(self._rules, key=lambda rule: rule.address is None):
            if rule.address and not rule.address.search(address):
                continue
            if rule.wait:
                rule.wait -= 1
                continue
            if rule.left is not None:
                rule.left -= 1
                if not rule.left and rule.again:
                    rule.left, rule.wait = rule.again, 1
                elif not rule.left:
                    self._rules.remove(rule)
            return rule.answer
        return None

    def _is_over_the_limit(self) -> bool:
        if self._most is None:
            return False
        now = time.monotonic()
        self._times = [at for at in self._times if at > now - self._within_s]
        if len(self._times) >= self._most:
            return True
        self._times.append(now)
        return False
