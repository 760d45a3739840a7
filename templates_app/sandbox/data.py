"""What may be put into a template: JSON values, bounded."""

from __future__ import annotations

from typing import Any

MAX_DEPTH = 16
MAX_NODES = 10_000
MAX_CHARS = 256 * 1024
LARGEST_INTEGER = 2**63


def refuse_unfit(data: Any) -> None:
    """Raises ValueError, which says why, unless `data` is an object of JSON values within the bounds."""
    if type(data) is not dict:
        raise ValueError("data must be an object")
    nodes = chars = 0
    stack: list[tuple[Any, int]] = [(data, 1)]
    while stack:
        value, depth = stack.pop()
        nodes += len(value)
        if depth > MAX_DEPTH or nodes > MAX_NODES:
            raise ValueError(f"data is nested deeper than {MAX_DEPTH} or holds more than {MAX_NODES} values")
        for item in value.values() if type(value) is dict else value:
            kind = type(item)
            if kind is str:
                chars += len(item)
            elif kind is dict or kind is list:
                stack.append((item, depth + 1))
            elif kind is int:
                _refuse_large(item)
            elif item is not None and kind is not float and kind is not bool:
                raise ValueError(f"data may hold JSON values only, not a {kind.__name__}")
    if chars > MAX_CHARS:
        raise ValueError(f"data holds more than {MAX_CHARS} characters")


def _refuse_large(number: int) -> None:
    if not -LARGEST_INTEGER <= number < LARGEST_INTEGER:
        raise ValueError("data holds an integer of more than 64 bits; send it as a string")
