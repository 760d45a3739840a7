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


def cells_for(user_id: str, category: str, channel: str, enabled: bool, types: Types) -> list[PreferenceCell]:
    """The cells to set so that `category` is on or off on `channel`; types that can't be turned off are left out."""
    names = types.categories().get(category, ())
    own = PreferenceRow.objects.filter(user__user_id=user_id, scope__in=list(names), channel__in=[channel, EVERY])
    contrary = {row.scope for row in own if row.enabled != enabled}
    found = [facts for name in names if name in contrary and (facts := types.facts(name)) is not None]
    free = [facts.name for facts in found if enabled or not lock_of([facts], channel)]
    return [PreferenceCell(scope, channel, enabled) for scope in (category, *free)]


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
