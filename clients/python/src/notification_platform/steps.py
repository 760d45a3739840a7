"""What an operation is made of, without any input or output: calls, pauses, and what a stream gives out.

An operation is written once, as a generator that yields steps and is sent their results; `driving` carries the steps
out, blocking or with asyncio.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[T]):
    """One request. `path` is below the API's address, `answer` the type its body is read as.

    `body`: plain values, or bytes that are JSON already. `key`: the Idempotency-Key. `unfinished` looks at an answer
    and says that a repeat would bring more. `wait_s`: how much longer than usual the server may take.
    """

    name: str
    method: str
    path: str
    answer: type[T]
    body: Any = None
    query: Mapping[str, str] = field(default_factory=dict)
    key: str | None = None
    unfinished: Callable[[Any], float | None] | None = None
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Pause:
    """So many seconds of nothing."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Given(Generic[T]):
    """An item for whoever iterates over the stream."""

    item: T


Flow = Generator[Call[Any] | Pause, Any, T]
Stream = Generator[Call[Any] | Pause | Given[T], Any, None]


def one(call: Call[T]) -> Flow[T]:
    """The flow of a single call."""
    answer: T = yield call
    return answer
