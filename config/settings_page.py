"""Writes docs/settings.md from config/environment.py: `python -m config.settings_page`; `--check` only compares."""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from config.environment import ROOT, Environment

PAGE = ROOT / "docs" / "settings.md"
HEAD = """# Settings

Each is an environment variable; all have a default that works. A list is written with commas, a mapping as JSON, a
switch as `1` or `0`. A wrong value ends the start with the name of the setting. This page is written from
`config/environment.py` by `make format`; a test holds the two together.
"""
_SECTION = re.compile(r"^    # --- (?P<title>[^;\n]+)|^    (?P<name>[A-Z][A-Z_]+):", re.MULTILINE)


def page() -> str:
    """The whole page: a table for each section of `Environment`, in its order."""
    parts = [HEAD]
    for title, names in _sections():
        parts.append(f"## {title[0].upper()}{title[1:]}\n\n| setting | default | what it is |\n|---|---|---|")
        parts += [_row(name, Environment.model_fields[name]) for name in names]
        parts.append("")
    return "\n".join(parts)


def _sections() -> Iterator[tuple[str, list[str]]]:
    """(title, names) as the comments in the class divide it."""
    title = ""
    names: list[str] = []
    for found in _SECTION.finditer(inspect.getsource(Environment)):
        if found["title"]:
            if names:
                yield title, names
            title, names = found["title"].strip(), []
        else:
            names.append(found["name"])
    yield title, names


def _row(name: str, field: FieldInfo) -> str:
    return f"| `{name}` | {_default(field.default)} | {(field.description or '').replace('|', 'or')} |"


def _default(value: Any) -> str:
    if isinstance(value, Path):
        value = str(value.relative_to(ROOT))
    if isinstance(value, bool):
        value = int(value)
    if isinstance(value, list):
        value = ",".join(value)
    if isinstance(value, dict):
        value = json.dumps(value) if value else ""
    return f"`{value}`" if value != "" else "empty"


def main() -> int:
    """Exit code 1 when `--check` finds the page to differ."""
    text = page()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(text)
    elif not PAGE.exists() or PAGE.read_text() != text:
        print("docs/settings.md is behind config/environment.py: run `make format`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
