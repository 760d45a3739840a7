"""What the launcher asks of this machine: is a port taken, does a process live, does an address answer."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import httpx


def is_taken(port: int) -> bool:
    """Whether somebody listens on `port`."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def is_alive(pidfile: Path) -> bool:
    """Whether the process in `pidfile` runs."""
    try:
        os.kill(int(pidfile.read_text()), 0)
    except (FileNotFoundError, ValueError, ProcessLookupError):
        return False
    return True


def answers(url: str) -> bool:
    """Whether `url` answers with 200."""
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False
