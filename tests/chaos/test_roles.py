"""Roles come, go and are stopped under load (design.md, "Roles")."""

from __future__ import annotations

import fcntl
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.chaos.load import Sender
from tests.chaos.settling import settled
from tests.chaos.test_kills import assert_in_order
from tests.running import ROOT, Platform, until

pytestmark = pytest.mark.chaos

STOPPED_S = 25  # longer than deadline, margin and visibility time-out together
DELIVERY_QUEUES = "in_app,push,email,sms,tracker,retry"


@contextmanager
def another(platform: Platform, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """One more process of the platform, ended with the block."""
    environment = {**platform.environment, "DEMO": "1"}
    process = subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(20)


def worker(name: str, queues: str) -> list[str]:
    return ["-m", "celery", "-A", "config", "worker", "-n", f"{name}@%h", "-Q", queues, "-P", "threads", "-l", "ERROR"]


def bridge(name: str) -> list[str]:
    roles = ("router", "in_app", "push", "email", "sms", "tracker", "retry")
    return ["manage.py", "bridge", "--member", name, *(part for role in roles for part in ("--role", role))]


def stop_outside_of_locks(platform: Platform, pid: int) -> None:
    """SIGSTOP at a moment when the process holds no file's write lock.

    SQLite's write lock belongs to a process, and one that sleeps with it holds up every other writer of this machine
    until it goes on (docs/runbook.md): that is the embedded engines' limit, not what is tested here.
    """
    until(lambda: _stopped_without_a_lock(platform, pid), STOPPED_S, "the process is stopped outside of a file's lock")


def _stopped_without_a_lock(platform: Platform, pid: int) -> bool:
    os.kill(pid, signal.SIGSTOP)
    if all(_can_write(file) for file in [*platform.var.glob("*.sqlite3"), *platform.var.glob("log/**/*.lock")]):
        return True
    os.kill(pid, signal.SIGCONT)
    return False


def _can_write(file: Path) -> bool:
    """Whether `file` (a SQLite database, or a lock file beside one) is to be had within half a second."""
    end = time.monotonic() + 0.5
    while True:
        try:
            if file.suffix == ".lock":
                with file.open() as lock:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            else:
                with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as connection:
                    connection.execute("BEGIN IMMEDIATE")
        except (BlockingIOError, sqlite3.OperationalError):
            if time.monotonic() > end:
                return False
            time.sleep(0.005)
        else:
            return True


def test_a_worker_that_sleeps_in_the_middle_of_a_batch_is_replaced(platform: Platform, crowd: list[str]):
    with another(platform, *worker("spare", DELIVERY_QUEUES)):
        sleeper = platform.pids()["worker-delivery"]
        sender = Sender(platform, crowd, total=4_000, rate=500, name="asleep")
        sender.start()
        sender.wait_until(1_000)
        stop_outside_of_locks(platform, sleeper)
        try:
            accepted = sender.finish()
            woken_at = time.monotonic() + STOPPED_S
            settled(platform)
            until(lambda: time.monotonic() >= woken_at, STOPPED_S + 1, "the sleeper's time is over")
        finally:
            os.kill(sleeper, signal.SIGCONT)
        settled(platform)
        assert len(set(accepted)) == 4_000


def test_bridges_and_workers_come_and_go(platform: Platform, crowd: list[str]):
    sender = Sender(platform, crowd, total=8_000, rate=600, name="coming-and-going")
    sender.start()
    with another(platform, *bridge("second")) as second, another(platform, *worker("w2", "router," + DELIVERY_QUEUES)):
        sender.wait_until(2_000)
        with another(platform, *worker("w3", "router")), another(platform, *worker("w4", DELIVERY_QUEUES)) as fourth:
            sender.wait_until(4_000)
            platform.signal("bridge")
            fourth.kill()
        sender.wait_until(6_000)
        second.kill()
    accepted = sender.finish()
    settled(platform)
    assert_in_order(platform, crowd, set(accepted))
