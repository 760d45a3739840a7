"""Near matches for names somebody may have misspelt."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MATCHES = 3
CUTOFF = 0.55


def near_matches(name: str, known: Iterable[str]) -> list[str]:
    """Up to three of `known` that `name` may have been meant to be, the nearest first."""
    return get_close_matches(name, sorted(known), n=MATCHES, cutoff=CUTOFF)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """“Did you mean …?” with the near matches, empty if there are none."""
    matches = near_matches(name, known)
    return f"Did you mean {' or '.join(matches)}?" if matches else ""
