"""What a row of these tables is."""

from __future__ import annotations

from typing import Any, NamedTuple

from delivery import roles

ANYBODY, NOBODY = "anybody", "nobody"


class Action(NamedTuple):
    """A page, or what one does there.

    `permission` is what the table of roles has to give for it ("a|b": either of them). With `data` it is posted.
    With `shows` it is allowed if these words stand in the answer: for what isn't a page of its own.
    """

    name: str
    permission: str
    path: str
    data: dict[str, Any] | None = None
    shows: str = ""


def may(role: str, permission: str) -> bool:
    """Whether the table of roles allows it."""
    if permission in (ANYBODY, NOBODY):
        return permission == ANYBODY
    return any(roles.may(role, each) for each in permission.split("|"))


def choice(name: str, permission: str, path: str, action: str) -> Action:
    """An action that a list offers for chosen rows: Django refuses what it doesn't offer."""
    return Action(name, permission, path, shows=f'<option value="{action}"')
