"""Redis: its settings (one table for `make stack` and compose.yaml) and its program."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from stack.layout import Layout
from stack.mariadb import find
from stack.passwords import Passwords

NAME = "redis"

TUNING: Mapping[str, str] = {
    "maxmemory": "512mb",
    # What has a time to live goes first that was idle longest: caches, old counts and keys, all of them known elsewhere
    # (docs/redis.md). Queues have none and stay. A Redis that refuses writes instead would stop the platform for as
    # long as a day's idempotency keys live.
    "maxmemory-policy": "volatile-lru",
    # Disposable by design: what it knew is made anew from the log and the databases.
    "save": '""',
    "appendonly": "no",
    "tcp-keepalive": "60",
    "loglevel": "warning",
}


def files(layout: Layout, passwords: Passwords) -> dict[Path, str]:
    """What has to lie in its folder before it starts; the password isn't on a command line for all to see."""
    home = layout.home(NAME)
    place = {"bind": layout.address(NAME), "port": str(layout.port(NAME)), "dir": str(home)}
    return {home / "redis.conf": configuration({**place, "requirepass": passwords.redis})}


def configuration(place: Mapping[str, str]) -> str:
    return "".join(f"{name} {value}\n" for name, value in {**place, **TUNING}.items())


def command(layout: Layout) -> list[str]:
    return [find("redis-server"), str(layout.home(NAME) / "redis.conf")]


def url(passwords: Passwords, host: str, port: int) -> str:
    return f"redis://:{passwords.redis}@{host}:{port}/0"
