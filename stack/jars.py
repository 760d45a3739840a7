"""The servers' jars: copied once by Maven into the user's cache, outside of any state folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from stack import java, versions
from stack.files import last_lines
from stack.java import Java
from stack.problems import StackError

HERE = Path(__file__).resolve().parent
VERSIONS = {"kafka": versions.KAFKA, "cassandra": versions.CASSANDRA}
MISSING = "Maven is needed to fetch the jars of Kafka and Cassandra: apt install maven"


def cache() -> Path:
    """The folder of everything that is fetched, shared by all stacks of this user."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "notification-platform"


def folder(kind: str) -> Path:
    """Where a server's jars lie or will lie."""
    return cache() / f"{kind}-{VERSIONS[kind]}" / "jars"


def ready(kind: str, say: Callable[[str], None]) -> Java:
    """The JVM of a kind of server, its jars fetched if need be. Raises StackError with the remedy."""
    binary, version = java.find()
    place = folder(kind)
    if not place.is_dir():
        say(f"… fetching the jars of {kind} {VERSIONS[kind]} into {place}")
        _fetch(kind, place)
    return Java(binary=binary, version=version, jars=place)


def _fetch(kind: str, place: Path) -> None:
    """All or nothing: the folder appears when it is complete."""
    maven = shutil.which("mvn")
    if not maven:
        raise StackError(MISSING)
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=".jars-") as draft:
        log = Path(draft) / "maven.log"
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={draft}/jars"]
        with log.open("wb") as output:
            done = subprocess.run(
                [maven, "-q", "-B", "--strict-checksums", "-f", str(HERE / kind / "pom.xml"), *goal],
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if done.returncode:
            raise StackError(f"Maven couldn't fetch the jars of {kind}; its last words:\n{last_lines(log)}")
        if not place.is_dir():  # another stack was quicker
            (Path(draft) / "jars").rename(place)
