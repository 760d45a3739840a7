"""`$VAR/demo.env`: lines that a shell can source, readable by their owner only."""

from __future__ import annotations

import os
import shlex
import tempfile
from pathlib import Path


def read(path: Path) -> dict[str, str]:
    """The variables in the file; none when there is no file."""
    if not path.exists():
        return {}
    words = shlex.split(path.read_text(), comments=True)
    return dict(word.split("=", 1) for word in words if "=" in word)


def write(path: Path, variables: dict[str, str]) -> None:
    """Replaces the file in one step; it is never readable by others, not even for a moment."""
    lines = [f"{name}={shlex.quote(value)}\n" for name, value in variables.items()]
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=".demo.env-")  # mode 0600
    with os.fdopen(descriptor, "w") as file:
        file.writelines(lines)
    Path(draft).replace(path)
