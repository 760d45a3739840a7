"""The passwords of a compose stack: made once into a volume, so that none stands in a file of the repository."""

from __future__ import annotations

from pathlib import Path

from stack import environment, redis_server
from stack.environment import Places
from stack.files import write_private
from stack.passwords import read_or_make

# The hosts are services of compose.yaml, the ports those of the official images.
PLACES = Places(
    kafka=[("kafka", 9092)], cassandra=[("cassandra", 9042)], mariadb=("mariadb", 3306), redis=("redis", 6379)
)
FOLDER = "/run/stack"
STACK_ENV, REDIS_CONF, MARIADB_PASSWORD = "stack.env", "redis.conf", "mariadb.password"


def write(folder: Path) -> None:
    """Writes what the services read; done again it writes the same."""
    passwords = read_or_make(folder)
    place = {"bind": "0.0.0.0", "port": str(PLACES.redis[1]), "dir": "/tmp"}  # noqa: S104, S108
    environment.write(folder / STACK_ENV, environment.environment(PLACES, passwords))
    write_private(folder / REDIS_CONF, redis_server.configuration({**place, "requirepass": passwords.redis}))
    write_private(folder / MARIADB_PASSWORD, passwords.mariadb)
    (folder / MARIADB_PASSWORD).chmod(0o644)  # read by the image's own user; the volume is mounted where it is needed
