"""Group commit: calls that arrive while one is being written share the next durable write."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from foundation.errors import LogUnavailable

T = TypeVar("T")


class _Call(Generic[T]):
    __slots__ = ("error", "item", "leads", "woken")

    def __init__(self, item: T) -> None:
        self.item = item
        self.error: BaseException | None = None
        self.leads = False
        self.woken = Lock()
        self.woken.acquire()


class GroupCommit(Generic[T]):
    """Writes items of many threads, a list at a time, through `write`; only one thread at once is inside it.

    There is no thread of its own: the first to come leads, takes what is queued, writes it, wakes those it wrote for
    and makes the first who came meanwhile the next leader.
    """

    def __init__(self, write: Callable[[list[T]], None]) -> None:
        self._write = write
        self._state = Lock()
        self._queue: list[_Call[T]] = []
        self._led = False

    def submit(self, item: T) -> None:
        """Returns once `item` is written. Raises LogUnavailable if the write it was part of failed."""
        call = _Call(item)
        with self._state:
            self._queue.append(call)
            call.leads, self._led = not self._led, True
        if not call.leads:
            call.woken.acquire()
        if call.leads:
            self._lead()
        if call.error is not None:
            raise LogUnavailable(str(call.error)) from call.error

    def _lead(self) -> None:
        with self._state:
            calls, self._queue = self._queue, []
        error: BaseException | None = LogUnavailable("the writing thread was interrupted")
        try:
            self._write([call.item for call in calls])
            error = None
        except LogUnavailable as refused:
            error = refused
        finally:
            self._hand_on()
            for call in calls:
                # `leads` is cleared first: a woken call must not take itself for the next leader.
                call.leads, call.error = False, error
                call.woken.release()

    def _hand_on(self) -> None:
        with self._state:
            if not self._queue:
                self._led = False
                return
            successor = self._queue[0]
            successor.leads = True
        successor.woken.release()
