"""docs/roles.md from the table of roles."""

from __future__ import annotations

from pathlib import Path

from delivery.roles import MEANING, ROLES

PAGE = Path(__file__).resolve().parent.parent / "docs" / "roles.md"
HEAD = """# Roles

A member of staff has one or more roles; each is a group in the admin (Access → Staff). What a role may stands in one
table, `delivery/roles.py`, and is brought into the database by every `manage.py migrate`. A superuser is an admin. This
page is written by `manage.py roles`; a test holds it to the table, and another every page of the admin.

`*` stands for any characters: a model that is added to a room comes with the room's rights. Where two persons are
needed (mandatory types, large broadcasts), the one who approves is never the one who proposed, whatever their roles.
Credentials of providers are in no page of the admin: they stand in the file that `PROVIDERS` names and in the
environment, whose keeper is the second person. A role in `TOTP_REQUIRED_ROLES` has to log in with a second step.
"""


def page() -> str:
    """The whole page."""
    parts = [HEAD, "| role | is for whoever |", "|---|---|"]
    parts += [f"| [{role}](#{role}) | {MEANING[role]} |" for role in ROLES]
    for role, permissions in ROLES.items():
        parts += ["", f"## {role}", "", *(f"- `{each}`" for each in sorted(permissions))]
    return "\n".join(parts) + "\n"
