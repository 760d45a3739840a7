"""The work one rendering may take, counted instead of timed: the same template and data end the same way anywhere.

Jinja's sandbox bounds a range, not what nested loops make of it; signals don't reach a thread. So each loop step,
filter, call, concatenation and comparison is charged here for what it touches, and nothing a template can write is free
of charge and unbounded at once (`templates_app.sandbox.grammar` sees to that).
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, KeysView, ValuesView
from typing import Any

from jinja2.exceptions import TemplateRuntimeError

CHARS_A_UNIT = 16
"""Touching this many characters costs as much as one loop step."""


class OutOfBudget(TemplateRuntimeError):
    """The template took more work than it may."""


class Budget:
    """What is left of a rendering's work units."""

    __slots__ = ("left",)

    def __init__(self, units: int) -> None:
        self.left = units

    def spend(self, units: int) -> None:
        """Takes `units`. Raises OutOfBudget when they aren't there."""
        self.left -= units
        if self.left < 0:
            raise OutOfBudget("it takes more work than a template may (TEMPLATE_WORK_MAX); look at its loops")

    def charge(self, value: Any) -> Any:
        """Pays for touching all of `value` and gives it back; an iterator pays as it goes."""
        if isinstance(value, str):
            if len(value) >= CHARS_A_UNIT:
                self.spend(len(value) // CHARS_A_UNIT)
        elif isinstance(value, Iterator):
            return self.steps(value, 1)
        elif isinstance(value, list | dict | tuple | range):
            self.spend(size_of(value))
        elif isinstance(value, KeysView | ValuesView | ItemsView):
            self.spend(len(value))
        return value

    def steps(self, values: Iterable[Any], weight: int) -> Iterator[Any]:
        """The values, each for `weight` units."""
        for value in values:
            self.left -= weight
            if self.left < 0:
                self.spend(0)
            yield value


def size_of(value: Any) -> int:
    """How many units a container costs, nested ones included."""
    if isinstance(value, range):
        return len(value)
    inner = value.values() if isinstance(value, dict) else value
    return 1 + sum(_element(item) for item in inner)


def _element(item: Any) -> int:
    if isinstance(item, dict | list | tuple | range):
        return size_of(item)
    return 1 + len(item) // CHARS_A_UNIT if isinstance(item, str) else 1
