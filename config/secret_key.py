"""The signing key of one installation."""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path


def read_or_make(path: Path) -> str:
    """The key in `path`, made once and readable by its owner only; safe when several processes start at once."""
    if not path.exists():
        descriptor, draft = tempfile.mkstemp(dir=path.parent)  # mode 0600
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
        with suppress(FileExistsError):  # another process was first: its key counts
            os.link(draft, path)
        Path(draft).unlink()
    return path.read_text()
