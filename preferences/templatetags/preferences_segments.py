"""What the builder's recursive template asks for at every level."""

from __future__ import annotations

from django import template

from preferences.segments.kinds import KINDS

register = template.Library()


@register.simple_tag
def segment_kinds() -> list[tuple[str, str]]:
    """(kind, its label) of every kind of condition."""
    return [(name, kind.label) for name, kind in KINDS.items()]
