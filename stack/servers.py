"""One stack of real servers: started, asked, killed and stopped from Python.

stack = Stack(Path("/tmp/np"), nodes=1)
stack.start()
os.environ.update(stack.environment())
stack.kill("kafka-1")            # the supervisor starts it again
stack.wait_ready("kafka-1")
stack.down("redis", hard=True)   # kill -9, and it stays away …
stack.up("redis")                # … until now
stack.stop()
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any

from stack import environment, jars, needs, probes, programs, waiting
from stack import layout as layouts
from stack.cassandra import node
from stack.java import Java
from stack.layout import Layout
from stack.passwords import Passwords, read_or_make
from stack.problems import NotRunning, StackError
from stack.supervision import Supervisor

Say = Callable[[str], Any]
GONE_WITHIN_S = 10


class Stack:
    """The servers under `var`/stack. `nodes` (1, 3 or 5) counts for a stack that wasn't made yet.

    What was made keeps its shape, its ports and its passwords. Safe to be used by several processes at once.
    """

    def __init__(self, var: Path, nodes: int = 1) -> None:
        self.folder = Path(var).resolve() / "stack"
        self.nodes = nodes
        self.supervisor = Supervisor(self.folder)
        self._layout: Layout | None = None

    # --- as a whole

    def start(self, say: Say = print) -> None:
        """Starts what doesn't run and waits until all of it answers. Raises StackError; Died with a log's end.

        A first start makes data, ports and passwords; on any failure everything is stopped again.
        """
        needs.check()
        with self._lock():
            already = self.supervisor.running()
            javas = self._javas(say)
            if not already:
                self._prepare(javas)
                self.supervisor.launch()
            try:
                self._start_all(say)
            except BaseException:
                if not already:
                    self.supervisor.end()
                raise
            if programs.ARCHIVING in self.supervisor.infos():
                self.supervisor.start(programs.ARCHIVING)
            environment.write(self.folder / "stack.env", self.environment())

    def stop(self) -> None:
        """Ends all servers cleanly. Nothing happens when none runs."""
        with self._lock():
            if not self.supervisor.running():
                return
            self.supervisor.end()
            programs.keep_classes(self.layout, self._javas(lambda line: None))

    def running(self) -> bool:
        """Whether the stack was started; its servers may be down nonetheless."""
        return self.supervisor.running()

    def clean(self) -> None:
        """Forgets everything. Raises StackError while the stack runs."""
        if self.running():
            raise StackError(f"the stack on {self.folder} is running; stop it first: make stack-stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def environment(self) -> dict[str, str]:
        """The settings that make the platform use these servers (stack.env)."""
        return environment.environment(environment.places(self.layout), self.passwords)

    # --- one server

    def names(self) -> list[str]:
        """kafka-1 …, cassandra-1 …, mariadb, redis."""
        return self.layout.names()

    def port(self, name: str) -> int:
        """Where clients reach it."""
        return self.layout.port(self._known(name))

    def address(self, name: str) -> str:
        """The loopback address clients reach it on."""
        return self.layout.address(self._known(name))

    def proxied(self, name: str) -> tuple[int, int]:
        """(port a TCP proxy has to listen on, port it has to send to), so that clients stay on the proxy.

        A client's way through it: KAFKA_BOOTSTRAP and its like with the first port.
        """
        return self.layout.proxied(self._known(name))

    def log(self, name: str) -> Path:
        return self.layout.log(self._known(name))

    def pid(self, name: str) -> int:
        """Raises NotRunning while it is down."""
        found = int(self.supervisor.info(name)["pid"])
        if not found:
            raise NotRunning(f"{name} is down; see {self.layout.log(name)}")
        return found

    def kill(self, name: str, signal: int = signal.SIGKILL) -> None:
        """Sends it a signal. What dies of it is started again at once by the supervisor."""
        os.kill(self.pid(name), signal)

    def down(self, name: str, *, hard: bool = False) -> None:
        """Stops it, and it stays away until `up`. `hard`: by SIGKILL, with no word to say."""
        if not hard:
            self.supervisor.stop(name)
            return
        pid = self.pid(name)
        os.kill(pid, signal.SIGSTOP)  # so that it never hears the supervisor's SIGTERM
        self.supervisor.stop(name, wait=False)
        os.kill(pid, signal.SIGKILL)
        until = time.monotonic() + GONE_WITHIN_S
        while self.supervisor.info(name)["pid"] and time.monotonic() < until:
            time.sleep(0.02)

    def up(self, name: str, *, wait: bool = True) -> None:
        """Starts it again; waits until it answers unless told otherwise."""
        self.supervisor.start(self._known(name))
        if wait:
            self.wait_ready(name)

    def ready(self, name: str) -> bool:
        """Whether it answers just now."""
        return probes.answers(self.layout, self._known(name), self.passwords)

    def wait_ready(self, name: str, seconds: float = waiting.READY_WITHIN_S) -> float:
        """Waits until it answers; how long that took (s). Raises StackError when it doesn't in `seconds`."""
        return waiting.until_ready(lambda: self.ready(name), name, self.layout.log(name), seconds)

    def add_broker(self, say: Say = print) -> str:
        """One more Kafka broker joins the running cluster, empty of partitions; its name. Raises StackError."""
        with self._lock():
            if not self.running():
                raise NotRunning(f"no stack is running on {self.folder}; start it: make stack")
            self._layout = self.layout.with_another_broker()
            name = f"kafka-{self.layout.brokers}"
            javas = self._javas(say)
            programs.prepare(self.layout, [name], self.passwords, javas)
            self._write(javas)
            layouts.save(self.layout)
            self.supervisor.add(name)
            self.up(name)
            environment.write(self.folder / "stack.env", self.environment())
            return name

    def nodetool(self, name: str, arguments: Iterable[str]) -> list[str]:
        """The command line of Cassandra's nodetool for one node. Raises StackError for a server of another kind."""
        if layouts.kind_of(self._known(name)) != "cassandra":
            raise StackError(f"nodetool speaks to Cassandra's nodes only, not to {name}")
        return node.nodetool(self.layout, name, jars.ready("cassandra", print), arguments)

    # --- inside

    @property
    def layout(self) -> Layout:
        """The layout that was made. Raises StackError when there is none yet."""
        self._layout = self._layout or layouts.load(self.folder)
        if self._layout is None:
            raise StackError(f"there is no stack on {self.folder} yet; make one: make stack")
        return self._layout

    @property
    def passwords(self) -> Passwords:
        return read_or_make(self.folder)

    def _known(self, name: str) -> str:
        if name not in self.layout.names():
            raise StackError(f"this stack has no server {name!r}; it has {', '.join(self.layout.names())}")
        return name

    def archive(self) -> None:
        """Archives the JVMs' classes for quicker starts; takes up to a minute. The supervisor calls it."""
        programs.archive(self._javas(print))

    def _javas(self, say: Say) -> dict[str, Java]:
        return {kind: jars.ready(kind, say) for kind in jars.VERSIONS}

    def _prepare(self, javas: dict[str, Java]) -> None:
        self._layout = layouts.load(self.folder) or layouts.make(self.folder, self.nodes)
        for name, address, port in layouts.taken(self.layout):
            raise StackError(
                f"port {port} of {address} is taken ({name} wants it); give others to a new stack: "
                f"make stack-clean && STACK_PORT={layouts.FIRST_BASE} make stack"
            )
        layouts.save(self.layout)
        programs.prepare(self.layout, self.names(), self.passwords, javas)
        self._write(javas)

    def _write(self, javas: dict[str, Java]) -> None:
        servers = [programs.program(self.layout, name, javas) for name in self.names()]
        self.supervisor.write([*servers, *programs.archiving(self.layout, javas)])

    def _start_all(self, say: Say) -> None:
        for name in self.names():
            self.supervisor.start(name)
        waiting.until_all_ready(self.layout, self.supervisor, self.ready, say)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """One start or stop at a time on a state folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as file:
            flock(file, LOCK_EX)
            yield
