"""Read state as numbers that merge in any order (contract §6). Plain functions; every engine uses them.

A part of the state ("read", "seen", "opened", "archived") is a stamp: `2 * at + value`, 0 where it was never set. The
greater stamp is the later word, and of two at the same millisecond the one that sets; so merging is `max`.
"""

from __future__ import annotations

from typing import NamedTuple

from notifications.store.port import StateChange

PARTS = ("read", "seen", "opened", "archived")
NEVER = 0


class Stamps(NamedTuple):
    """The four parts of one notification's state."""

    read: int = NEVER
    seen: int = NEVER
    opened: int = NEVER
    archived: int = NEVER


UNTOUCHED = Stamps()


def stamp(at: int, value: bool | None) -> int:
    """The stamp of `value` set at `at` (ms); NEVER for None, which sets nothing."""
    return NEVER if value is None else 2 * at + value


def stamps_of(change: StateChange) -> Stamps:
    """The stamps of all parts of a change."""
    return Stamps(*(stamp(change.at, getattr(change, part)) for part in PARTS))


def is_set(word: int) -> bool:
    """What a part's stamp alone says."""
    return word % 2 == 1


def is_set_under(word: int, *, stored_at: int, mark: int) -> bool:
    """What a stamp says beside the "read up to" mark, which covers rows stored until it was set.

    A word later than the mark stands; an earlier one, or none, gives way to it.
    """
    return is_set(max(word, stamp(mark, True))) if stored_at <= mark else is_set(word)
