"""Where faults are made: one stack, a proxy before each of its servers, one platform, a crowd and open sockets."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import psutil

from foundation.clock import from_rfc3339
from stack.servers import Stack
from tests.chaos.conftest import NO_LIMITS
from tests.chaos.load import make_crowd
from tests.faults import proxy
from tests.faults.events import KINDS, serial_in
from tests.faults.load import Load
from tests.faults.matrix import KILL, OURS, SERVERS, STOP, Fault
from tests.faults.proxy import Proxies, free_ports
from tests.faults.verdict import InboxEntry, Sent, Statuses
from tests.faults.watching import Watchers
from tests.running import Platform

CROWD, WATCHED = 100, 20
PAGE = 100
NAMES = {"kafka": "kafka-1", "cassandra": "cassandra-1", "mariadb": "mariadb", "redis": "redis"}
# What would answer in a server's stead: limits and rates; and the outbox keeps everything.
WIDE_OPEN = NO_LIMITS | {"LIMIT_EMAIL_MARKETING": "1000000/3600", "LIMIT_SMS_TWO_FACTOR": "1000000/3600"}
MEMORY = Path("/dev/shm")
STEP = ("at", "status", "attempt", "started_at", "took_ms", "reason", "error", "due_at", "resumed", "detail")


class Arena:
    """Everything that runs: `platform` on the servers of `stack`, with `proxies` between them."""

    def __init__(self, platform: Platform, stack: Stack, proxies: Proxies) -> None:
        self.platform, self.stack, self.proxies = platform, stack, proxies
        self.users = make_crowd(platform, CROWD)
        self.serial = 1
        self._stopped: dict[Fault, int] = {}

    # --- as its users

    def load(self, seed: int) -> Load:
        """A load that hasn't begun; its serials follow those of the last."""
        tokens = {kind.token: self.platform.demo[kind.token] for kind in KINDS}
        return Load(self.platform.demo["API"], tokens, self.users, seed=seed, first=self.serial)

    def watchers(self) -> Watchers:
        """Sockets of the first of the crowd, not open yet."""
        port = self.platform.port
        return Watchers(
            gateway=f"ws://localhost:{port + 1}/ws/inbox/",
            origin=f"http://localhost:{port}",
            api=self.platform.demo["API"],
            token=self.platform.demo["ADMIN_TOKEN"],
            users=self.users[:WATCHED],
        )

    def inboxes(self, since: int) -> list[InboxEntry]:
        """Every inbox of the crowd as REST shows it, back to `since` (ms)."""
        with self.platform.client("ADMIN_TOKEN") as client, ThreadPoolExecutor(4) as pool:
            found = pool.map(lambda user: list(_inbox(client, user, since)), self.users)
            return [entry for entries in found for entry in entries]

    def sends(self, since: int) -> list[Sent]:
        """What the sandbox's providers received since `since` (ms)."""
        with closing(sqlite3.connect(f"file:{self.platform.var}/sandbox.sqlite3?mode=ro", uri=True)) as outbox:
            rows = outbox.execute(
                "SELECT notification_id, channel, received, first_at FROM sandbox_outboxmessage WHERE at >= ?", (since,)
            )
            return [Sent(*row) for row in rows]

    def statuses(self, ids: list[str]) -> dict[str, Statuses]:
        """Status per channel of each id, as GET /notifications/{id} tells it."""
        with self.platform.client("ADMIN_TOKEN") as client, ThreadPoolExecutor(4) as pool:
            return dict(zip(ids, pool.map(lambda id: _status(client, id), ids), strict=True))

    def story(self, id: str, channel: str) -> list[str]:
        """What GET /notifications/{id} tells of one channel's way, a line for each step."""
        channel = "in_app" if channel == "socket" else channel
        with self.platform.client("ADMIN_TOKEN") as client:
            told = client.get(f"/notifications/{id}").raise_for_status().json()
        return [
            " ".join(str(step[name]) for name in STEP if step.get(name) not in (None, ""))
            for step in told["timeline"]
            if step.get("channel", channel) == channel
        ]

    # --- as fate

    def begin(self, fault: Fault) -> None:
        """Makes the fault; `end` ends it."""
        if fault.kind == KILL:
            if fault.target in OURS:
                self.platform.signal(fault.target)
            else:
                self.stack.down(self._real(fault.target), hard=True)
        elif fault.kind == STOP:
            self._stopped[fault] = self._pid(fault.target)
            os.kill(self._stopped[fault], signal.SIGSTOP)
        else:
            self.proxies.set(fault.target, fault.kind)

    def end(self, fault: Fault) -> None:
        """Everything is as before; a killed server is started again (waits until it answers)."""
        if fault.kind == KILL:
            if fault.target not in OURS:
                self.stack.up(self._real(fault.target))
        elif fault.kind == STOP:
            with suppress(ProcessLookupError, KeyError):  # killed meanwhile, or never begun
                os.kill(self._stopped.pop(fault), signal.SIGCONT)
        else:
            self.proxies.set(fault.target, proxy.PASS)

    def _real(self, name: str) -> str:
        """A server's name in the stack."""
        return NAMES.get(name, name)

    def _pid(self, name: str) -> int:
        return self.platform.pids()[name] if name in OURS else self.stack.pid(self._real(name))

    def memory(self) -> dict[str, int]:
        """Resident MB of each process of ours, and of each server."""
        found = {}
        servers = {name: self.stack.pid(name) for name in self.stack.names()}
        for name, pid in (self.platform.pids() | servers).items():
            with suppress(psutil.NoSuchProcess):
                found[name] = psutil.Process(pid).memory_info().rss >> 20
        return found

    def away(self) -> list[str]:
        """Processes of ours that don't run: the supervisor should have brought them back."""
        return sorted(set(OURS) - set(self.platform.pids()))


@contextmanager
def arena(*, nodes: int = 1, keep: bool = False, **more: str) -> Iterator[Arena]:
    """A stack, proxies and a platform of their own, ended with the block. `more`: further settings.

    With several nodes there are no proxies: there it is the servers that die.
    """
    folder = Path(tempfile.mkdtemp(prefix="np-faults-", dir=MEMORY if os.access(MEMORY, os.W_OK) else None))
    with ExitStack() as ends:
        if not keep:
            ends.callback(shutil.rmtree, folder, True)
        stack = Stack(folder, nodes=nodes)
        ends.callback(stack.stop)
        stack.start()
        ways = _ways(stack) if nodes == 1 else {}
        proxies = Proxies(ways)
        ends.callback(proxies.close)
        platform = Platform(_through({name: way[0] for name, way in ways.items()}, stack) | WIDE_OPEN | more)
        ends.callback(platform.stop, keep=keep)
        platform.start()
        if keep:
            print(f"kept: {folder} (servers), {platform.var} (processes)", flush=True)
        yield Arena(platform, stack, proxies)


def _ways(stack: Stack) -> dict[str, tuple[int, int]]:
    """(where the proxy listens, where its server does). A broker's is advertised, so the stack has chosen it."""
    others = [name for name in SERVERS if name != "kafka"]
    ways = {name: (port, stack.port(NAMES[name])) for name, port in zip(others, free_ports(len(others)), strict=True)}
    return {"kafka": stack.proxied("kafka-1"), **ways}


def _through(ports: dict[str, int], stack: Stack) -> dict[str, str]:
    """The platform's settings that lead it through the proxies."""
    environment = stack.environment()
    if not ports:
        return environment
    return environment | {
        "KAFKA_BOOTSTRAP": f"127.0.0.1:{ports['kafka']}",
        "CASSANDRA_CONTACT_POINTS": "127.0.0.1",
        "CASSANDRA_PORT": str(ports["cassandra"]),
        "DATABASE_URL": _at(environment["DATABASE_URL"], ports["mariadb"]),
        "REDIS_URL": _at(environment["REDIS_URL"], ports["redis"]),
    }


def _at(url: str, port: int) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{parts.netloc.rpartition(':')[0]}:{port}"))


def _inbox(client: httpx.Client, user: str, since: int) -> Iterator[InboxEntry]:
    cursor = None
    while True:
        query = {"limit": PAGE} | ({"cursor": cursor} if cursor else {})
        page = _patiently(client, f"/users/{user}/notifications", query)
        for entry in page["notifications"]:
            if from_rfc3339(entry["created_at"]) < since:
                return
            yield InboxEntry(user, entry["id"], serial_in(entry))
        cursor = page["cursor"]
        if cursor is None:
            return


def _patiently(client: httpx.Client, path: str, query: dict[str, Any]) -> dict[str, Any]:
    """A GET that is repeated a few times: what is judged here is what is stored."""
    for _ in range(20):
        answer = client.get(path, params=query)
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            return dict(answer.raise_for_status().json())
        time.sleep(0.5)
    raise AssertionError(f"{path} stays away: {answer.text}")


def _status(client: httpx.Client, id: str) -> Statuses:
    answer = client.get(f"/notifications/{id}")
    if answer.status_code == httpx.codes.NOT_FOUND:
        return {}
    channels = answer.raise_for_status().json()["channels"]
    return {channel: told["status"] for channel, told in channels.items()}
