"""A Kafka broker of a test's own, to be killed: only for tests marked `stack` (Java, and the jars of `make stack`)."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

from stack import jars, layout, programs, waiting
from stack.passwords import read_or_make
from stack.probes import answers

NAME = "kafka-1"


class Broker:
    """One broker in `folder`, on ports of its own. What it acknowledged outlives its death."""

    def __init__(self, folder: Path) -> None:
        self._layout = layout.make(folder, 1, {})
        self._passwords = read_or_make(folder)
        javas = {"kafka": jars.ready("kafka", print)}
        programs.prepare(self._layout, [NAME], self._passwords, javas)
        self._program = programs.program(self._layout, NAME, javas)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._layout.port(NAME)}"

    def start(self) -> None:
        """Returns when it takes work."""
        with self._program.log.open("ab") as output:
            self._process = subprocess.Popen(
                self._program.command, cwd=self._program.folder, stdout=output, stderr=subprocess.STDOUT
            )
        ready = lambda: answers(self._layout, NAME, self._passwords)  # noqa: E731
        waiting.until_ready(ready, NAME, self._program.log, waiting.READY_WITHIN_S)

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(10)
            self._process = None
