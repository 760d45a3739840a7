"""A whole category on or off on a channel: the category's cell, and those of its types that say otherwise.

A type's own cell is stronger than its category's (contract §4). Whoever turns a category off wants no more of any of
it, so what was chosen for single types follows.
"""

from __future__ import annotations

from collections.abc import Sequence

from preferences.channels import EVERY, ON_BY_DEFAULT
from preferences.choices import Types
from preferences.facts import PreferenceCell
from preferences.matrix import lock_of
from preferences.models import PreferenceRow
from preferences.precedence import ruling_cell


def cells_for(user_id: str, wishes: Sequence[PreferenceCell], types: Types) -> list[PreferenceCell]:
    """The cells to set so that each of `wishes`, a category's cell, rules all of it; one query.

    Types that can't be turned off are left out.
    """
    categories = types.categories()
    members = {wish.scope: categories.get(wish.scope, ()) for wish in wishes}
    names = [name for those in members.values() for name in those]
    own = PreferenceRow.objects.filter(user__user_id=user_id, scope__in=names)
    rows = [PreferenceCell(*row) for row in own.values_list("scope", "channel", "enabled")]
    return [cell for wish in wishes for cell in (wish, *_contrary(wish, members[wish.scope], rows, types))]


def _contrary(
    wish: PreferenceCell, names: Sequence[str], rows: Sequence[PreferenceCell], types: Types
) -> list[PreferenceCell]:
    said = {row.scope for row in rows if row.enabled != wish.enabled and row.channel in (wish.channel, EVERY)}
    found = [facts for name in names if name in said and (facts := types.facts(name)) is not None]
    free = [facts.name for facts in found if wish.enabled or not lock_of([facts], wish.channel)]
    return [PreferenceCell(name, wish.channel, wish.enabled) for name in free]


def undoing(user_id: str, cells: Sequence[PreferenceCell], types: Types) -> list[PreferenceCell]:
    """The cells that bring back what `cells` are about to change, as it rules now."""
    rows = PreferenceRow.objects.filter(user__user_id=user_id).values_list("scope", "channel", "enabled")
    now = [PreferenceCell(*row) for row in rows]
    return [PreferenceCell(cell.scope, cell.channel, _rules(cell, now, types)) for cell in cells]


def _rules(cell: PreferenceCell, now: Sequence[PreferenceCell], types: Types) -> bool:
    facts = types.facts(cell.scope)
    category = facts.category if facts is not None else cell.scope
    ruling = ruling_cell(now, type_name=cell.scope, category=category, channel=cell.channel)
    return ruling.enabled if ruling is not None else cell.channel in ON_BY_DEFAULT
