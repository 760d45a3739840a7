"""`notify`: all commands. Importing a module adds its commands."""

from __future__ import annotations

from notification_platform.cli import broadcasting, following, looking, sending  # noqa: F401  they add themselves
from notification_platform.cli.apps import app


def run() -> int:
    """Runs the command line; the exit code."""
    return int(app(standalone_mode=True) or 0)
