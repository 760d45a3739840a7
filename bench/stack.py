"""`make bench-stack`: the bench on Kafka, Cassandra, MariaDB and Redis; writes var/bench-stack.json and docs/sizing.md.

    python -m stack run -- python -m bench.stack [--quick]

`--quick` leaves out the peak and the scaling, which take most of the half hour.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from bench import measures, on_servers, sizing
from bench.__main__ import notes
from bench.mix import USERS
from bench.run import Run
from bench.servers import Servers
from stack.servers import Stack
from tests.running import ROOT

SHORT = [
    (f"{USERS:,} users", measures.company),
    ("the bare work", measures.bare),
    ("sustained", measures.sustained),
    ("rows and bytes", on_servers.rows_and_bytes),
    ("each role alone", on_servers.by_role),
    (f"steady {measures.STEADY_RATE}/s to the socket", measures.steady),
    ("inbox and preferences", measures.reads),
]
LONG = [
    ("single posts", measures.singles),
    ("batches", measures.batches),
    ("draining", measures.drained),
    ("more workers, more bridges", on_servers.scaling),
    ("the peak", on_servers.peak),
]


def main() -> None:
    quick = "--quick" in sys.argv[1:]
    if os.environ.get("LOG_ENGINE") != "kafka":
        raise SystemExit("bench-stack needs the servers: make bench-stack")
    run = Run("make bench-stack", Servers(Stack(Path(os.environ.get("VAR") or "var"))))
    run.go(SHORT if quick else [*SHORT, *LONG], notes)
    run.write(ROOT / "var" / "bench-stack.json")
    (ROOT / "docs" / "sizing.md").write_text(sizing.page(run.json))
    print("  docs/sizing.md is written")


if __name__ == "__main__":
    main()
