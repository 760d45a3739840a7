"""`make bench-stack`: the bench on Kafka, Cassandra, MariaDB and Redis; writes var/bench-stack.json and docs/sizing.md.

`--quick` leaves out the peak and the scaling, which take most of the half hour. `--only peak` (a word of a measure's
name; several can be given) measures that alone and leaves docs/sizing.md as it is.
"""

from __future__ import annotations

import os
from argparse import ArgumentParser
from pathlib import Path

from bench import measures, on_servers, sizing
from bench.__main__ import notes
from bench.mix import USERS
from bench.run import Run
from bench.servers import Servers
from stack.servers import Stack
from tests.running import ROOT

COMPANY = (f"{USERS:,} users", measures.company)
SHORT = [
    COMPANY,
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
    parser = ArgumentParser(prog="python -m bench.stack", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="without the long ones")
    parser.add_argument("--only", nargs="+", default=[], metavar="WORD", help="those whose name has one of the words")
    options = parser.parse_args()
    if os.environ.get("LOG_ENGINE") != "kafka":
        raise SystemExit("bench-stack needs the servers: make bench-stack")
    steps = SHORT if options.quick else [*SHORT, *LONG]
    if options.only:
        chosen = [step for step in steps if step != COMPANY and any(word in step[0] for word in options.only)]
        if not chosen:
            raise SystemExit(f"none of {options.only}: {', '.join(name for name, _ in steps)}")
        steps = [COMPANY, *chosen]
    run = Run("make bench-stack", Servers(Stack(Path(os.environ.get("VAR") or "var"))))
    run.go(steps, (lambda run: []) if options.only else notes)
    run.write(ROOT / "var" / "bench-stack.json")
    if not options.only:
        (ROOT / "docs" / "sizing.md").write_text(sizing.page(run.json))
        print("  docs/sizing.md is written")


if __name__ == "__main__":
    main()
