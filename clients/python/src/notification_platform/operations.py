"""Operations as attributes: on a `Client` a call blocks, on an `AsyncClient` the same is awaited. Written once, typed.

    send = Operation(calls.notifications.send)

`Client.send(…)` is then of the type that the flow returns, `AsyncClient.send(…)` a coroutine of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from functools import update_wrapper
from typing import Any, Generic, ParamSpec, TypeVar, overload

from notification_platform.steps import Flow, Stream

P = ParamSpec("P")
T = TypeVar("T")
M_co = TypeVar("M_co", covariant=True)


class Blocking:
    """Marks what answers when it is done."""


class Awaited:
    """Marks what is awaited."""


class Group(Generic[M_co]):
    """What operations hang on. `_driver` carries their steps out."""

    def __init__(self, driver: Any) -> None:
        self._driver = driver


class Operation(Generic[P, T]):
    """A flow as a method."""

    def __init__(self, flow: Callable[P, Flow[T]]) -> None:
        self._flow = flow

    @overload
    def __get__(self, group: None, owner: Any = None) -> Callable[P, Flow[T]]: ...
    @overload
    def __get__(self, group: Group[Blocking], owner: Any = None) -> Callable[P, T]: ...
    @overload
    def __get__(self, group: Group[Awaited], owner: Any = None) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, group: Any, owner: Any = None) -> Any:
        if group is None:
            return self._flow
        flow, run = self._flow, group._driver.run

        def call(*args: P.args, **kwargs: P.kwargs) -> Any:
            return run(flow(*args, **kwargs))

        return update_wrapper(call, flow)


class Streaming(Generic[P, T]):
    """A stream as a method that gives an iterator."""

    def __init__(self, stream: Callable[P, Stream[T]]) -> None:
        self._stream = stream

    @overload
    def __get__(self, group: None, owner: Any = None) -> Callable[P, Stream[T]]: ...
    @overload
    def __get__(self, group: Group[Blocking], owner: Any = None) -> Callable[P, Iterator[T]]: ...
    @overload
    def __get__(self, group: Group[Awaited], owner: Any = None) -> Callable[P, AsyncIterator[T]]: ...
    def __get__(self, group: Any, owner: Any = None) -> Any:
        if group is None:
            return self._stream
        stream, iterate = self._stream, group._driver.iterate

        def call(*args: P.args, **kwargs: P.kwargs) -> Any:
            return iterate(stream(*args, **kwargs))

        return update_wrapper(call, stream)
