"""`make simulators`: all of them as one process, on loopback. Ctrl-C ends it.

python -m tests.simulators [--folder VAR/simulators] [--callbacks http://localhost:8000] [--port 0] [--prepare]

`--prepare` only chooses the ports and writes platform.env: what is to be in the platform's environment.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

from tests.simulators.desk import Desk
from tests.simulators.fleet import Fleet, environment
from tests.simulators.folder import Folder, InUse


def main() -> int:
    """Until a signal comes; 1 with a line where it can't start."""
    given = _arguments()
    folder = Folder(given.folder, {"control": given.port} if given.port else None)
    try:
        folder.claim()
        if not given.run:
            folder.ports()
            folder.write_environment(environment(folder))
        if given.prepare:
            return 0
        return _serve(folder, given.callbacks)
    except (InUse, OSError) as error:
        print(f"simulators: {error}", file=sys.stderr)
        return 1


def _serve(folder: Folder, callbacks: str) -> int:
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    with Fleet(folder, callbacks=callbacks) as fleet, Desk(fleet) as desk:
        print(_greeting(fleet, desk), flush=True)
        over.wait()
    return 0


def _greeting(fleet: Fleet, desk: Desk) -> str:
    rows = [f"  {part.label:<8} {part.port:>6}   {part.channel}" for part in fleet.parts.values()]
    lines = [
        "ready",
        "",
        "  provider   port   channel",
        *rows,
        "",
        f"  what they received, and faults to give them:   {desk.base_url}/",
        f"  accounts that lead here (the setting PROVIDERS):   {fleet.folder.path / 'accounts.toml'}",
        f"  settings that go with them:   {fleet.folder.path / 'platform.env'}",
        f"  receipts go to   {fleet.callbacks}/webhooks/",
        "",
        "  Ctrl-C ends it.",
    ]
    return "\n".join(lines)


def _arguments() -> argparse.Namespace:
    port = os.environ.get("PORT") or "8000"
    parser = argparse.ArgumentParser(prog="python -m tests.simulators", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(os.environ.get("VAR") or "var") / "simulators")
    parser.add_argument("--callbacks", default=os.environ.get("PUBLIC_URL") or f"http://localhost:{port}")
    parser.add_argument("--port", type=int, default=0, help="of the control page; 0: a free one")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--prepare", action="store_true", help="choose ports, write platform.env, and end")
    how.add_argument("--run", action="store_true", help="run on the ports that were prepared")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
