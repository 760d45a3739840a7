"""Which preference row rules a cell (contract §4): type over category over "*", then channel over "*"."""

from __future__ import annotations

from collections.abc import Iterable

from preferences.channels import EVERY
from preferences.facts import PreferenceCell

_TYPE, _CATEGORY, _EVERYTHING = 4, 2, 0


def ruling_cell(
    cells: Iterable[PreferenceCell], *, type_name: str, category: str, channel: str
) -> PreferenceCell | None:
    """The most specific of a user's rows for this type (in this category) and channel; None: the default rules.

    Types and categories are unique among both (contract, "Words and identities"), so a scope has one meaning.
    """
    best, best_rank = None, -1
    for cell in cells:
        on = cell.channel
        if on != channel and on != EVERY:
            continue
        scope = cell.scope
        rank = (
            _TYPE if scope == type_name else _CATEGORY if scope == category else _EVERYTHING if scope == EVERY else -2
        )
        rank += on == channel
        if rank > best_rank:
            best, best_rank = cell, rank
    return best
