"""The stack's passwords: drawn once, kept in the state folder for its owner alone."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from stack.files import write_private


@dataclass(frozen=True, kw_only=True, repr=False)
class Passwords:
    """Letters and digits, so that they need no quoting in URLs, SQL or configuration files."""

    mariadb: str
    redis: str


def read_or_make(folder: Path) -> Passwords:
    """The passwords kept in `folder`, made the first time."""
    file = folder / "passwords.json"
    if not file.exists():
        write_private(file, json.dumps(asdict(Passwords(mariadb=_draw(), redis=_draw()))) + "\n")
    return Passwords(**json.loads(file.read_text()))


def _draw() -> str:
    return secrets.token_hex(20)
