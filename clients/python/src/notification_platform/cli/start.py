"""The entry point: says what is missing where the extra `cli` wasn't installed."""

from __future__ import annotations

import importlib.util
import sys

MISSING = "notify: the command line needs typer and rich: pip install 'notification-platform-client[cli]'"


def main() -> None:
    """`notify`."""
    if any(importlib.util.find_spec(name) is None for name in ("typer", "rich")):
        sys.exit(MISSING)
    from notification_platform.cli.app import run

    sys.exit(run())
