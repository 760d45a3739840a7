"""The names of notification types, for forms of this room. Who keeps the types says how they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def _none() -> Iterable[str]:
    return ()


_ask: list[Callable[[], Iterable[str]]] = [_none]


def ask_by(function: Callable[[], Iterable[str]]) -> None:
    """From now on names come from `function`; called once, when the app that keeps them is ready."""
    _ask[0] = function


def type_names() -> list[str]:
    """All types there are, sorted."""
    return sorted(_ask[0]())
