"""Events packed into calls, and a call's answer back into a result for each event. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from notification_platform.answers import Accepted
from notification_platform.calls.event import Event, new_key
from notification_platform.errors import BadAnswer, Refused, Unavailable, of_problem
from notification_platform.steps import Call

MAX_EVENTS = 1_000  # contract of POST /notifications/batch
MAX_BYTES = 4 * 1024**2
_SOON_S = 1.0

Result = Accepted | Refused


class _Item(msgspec.Struct, frozen=True):
    """One result as it travels."""

    status: str
    notification_id: str = ""
    estimated_channels: list[str] = []
    error: dict[str, Any] = {}

    @property
    def refusal(self) -> Refused | None:
        """What the event was refused for."""
        return of_problem(self.error) if self.error else None


class BatchAnswer(msgspec.Struct, frozen=True):
    """The answer to a batch."""

    results: list[_Item]


class Packed:
    """Up to MAX_EVENTS encoded events with the key that covers their call."""

    def __init__(self) -> None:
        self.items: list[bytes] = []
        self.key = new_key()
        self._bytes = 0

    def has_room(self, item: bytes) -> bool:
        """Whether `item` still fits; an empty one takes anything."""
        return not self.items or (len(self.items) < MAX_EVENTS and self._bytes + len(item) < MAX_BYTES)

    @property
    def is_full(self) -> bool:
        return len(self.items) >= MAX_EVENTS or self._bytes >= MAX_BYTES

    def add(self, item: bytes) -> None:
        self.items.append(item)
        self._bytes += len(item) + 1

    def body(self) -> bytes:
        """The call's body."""
        return b'{"notifications":[' + b",".join(self.items) + b"]}"

    def results(self, answer: BatchAnswer) -> list[Result]:
        """A result for each event, in order. Raises BadAnswer where their number is another."""
        if len(answer.results) != len(self.items):
            raise BadAnswer(f"{len(self.items)} events were sent, and {len(answer.results)} results came.", status=202)
        return [_result(item) for item in answer.results]


def packed(events: Iterable[Event]) -> Iterator[Packed]:
    """Events as calls, each as full as may be."""
    portion = Packed()
    for event in events:
        item = event.encoded()
        if not portion.has_room(item):
            yield portion
            portion = Packed()
        portion.add(item)
    if portion.items:
        yield portion


def call_of(portion: Packed) -> Call[BatchAnswer]:
    """The call; repeated while events in it wait for the server's log."""
    return Call(
        name="send_batch",
        method="POST",
        path="notifications/batch",
        body=portion.body(),
        answer=BatchAnswer,
        key=portion.key,
        unfinished=_wait_of,
    )


def _wait_of(answer: BatchAnswer) -> float | None:
    """How long the server wants to be left alone before the rest is repeated (s); None: there is no rest."""
    waiting = [error for item in answer.results if isinstance(error := item.refusal, Unavailable)]
    return max((error.retry_after or _SOON_S for error in waiting), default=None)


def _result(item: _Item) -> Result:
    if item.status == "accepted" and item.notification_id:
        return Accepted(
            notification_id=item.notification_id, status=item.status, estimated_channels=item.estimated_channels
        )
    if item.refusal is None:
        raise BadAnswer("A result is neither accepted nor refused.", status=202)
    return item.refusal
