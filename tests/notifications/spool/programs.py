"""What the spool's tests run in other processes: `python -m` this module, PROGRAM FOLDER arguments."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

from notifications.log.port import Message
from notifications.spool.owners import take_slot


def put_forever(folder: Path, threads: str) -> None:
    """Spools three lines a call from several threads and prints each call's numbers once they are acknowledged."""
    owned = take_slot(folder, "node-a", max_bytes=0)
    threading.excepthook = lambda _: None  # it is killed in the middle of it

    def put(thread: int) -> None:
        number = 0
        while True:
            three = [f"{thread}-{n}" for n in range(number, number + 3)]
            owned.file.put([(id, Message("notifications.critical", id, id.encode())) for id in three])
            sys.stdout.write(" ".join(three) + "\n")
            sys.stdout.flush()
            number += 3

    for thread in range(int(threads)):
        threading.Thread(target=put, args=(thread,)).start()


def own(folder: Path, lines: str) -> None:
    """Spools `lines` lines, says so, and lives on."""
    owned = take_slot(folder, "node-a", max_bytes=0)
    owned.file.put([(f"n{n}", Message("notifications.critical", "u", b"{}")) for n in range(int(lines))])
    print(owned.file.name, flush=True)
    time.sleep(60)


if __name__ == "__main__":
    program, folder, *arguments = sys.argv[1:]
    globals()[program](Path(folder), *arguments)
