"""Each pytest process works in a state folder of its own (short: a unix socket's path is).

A plugin (`-p` in pyproject.toml) rather than part of conftest: pytest-django reads the settings before any conftest.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from tests import engines

MEMORY, ROOM = Path("/dev/shm"), 2 * 1024**3


def _place() -> Path | None:
    """In memory where there is room: what these tests ask of a disk is its semantics, not its patience."""
    there = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM
    return MEMORY if there else None


VAR = Path(tempfile.mkdtemp(prefix="np-", dir=_place()))
os.environ["VAR"] = str(VAR)
if engines.STACK:
    os.environ |= engines.own_names(f"t{os.getpid()}", os.environ, redis_database=engines.worker() + 1)
atexit.register(shutil.rmtree, VAR, True)
