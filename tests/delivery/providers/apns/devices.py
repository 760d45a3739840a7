"""Devices of Apple's, and results counted by their kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

DEVICE = "a1" * 32


def device(number: int) -> str:
    """The token of the `number`th."""
    return f"{number:064x}"


def kinds(results: Iterable[object]) -> Counter[type]:
    """How many results there are of each class."""
    return Counter(type(result) for result in results)
