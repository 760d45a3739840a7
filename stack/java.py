"""The JVM a server runs on: which Java, which jars, and the archive of loaded classes that its start maps (AppCDS)."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from stack.problems import StackError
from stack.versions import JAVA

MISSING = f"Java {JAVA} is needed (apt install openjdk-{JAVA}-jre-headless); with several, name it by JAVA_HOME"


@dataclass(frozen=True, kw_only=True)
class Java:
    """Java and a server's jars; `archive` is made from `classes`, which a first run writes, complete at its end."""

    binary: str
    version: str
    jars: Path

    @property
    def class_path(self) -> str:
        """Every jar by name: an archive holds only for the very same class path."""
        return os.pathsep.join(str(jar) for jar in sorted(self.jars.glob("*.jar")))

    @property
    def archive(self) -> Path:
        key = hashlib.sha256(f"{self.version}\n{self.class_path}".encode()).hexdigest()[:12]
        return self.jars.parent / f"classes-{key}.jsa"

    @property
    def classes(self) -> Path:
        return self.jars.parent / "classes.list"

    def command(self, flags: Iterable[str], listing: Path | None = None) -> list[str]:
        """Up to the main class. Without an archive the classes that this run loads are listed in `listing`."""
        if self.archive.exists():
            sharing = [f"-XX:SharedArchiveFile={self.archive}", "-Xlog:cds=off"]
        else:
            sharing = [f"-XX:DumpLoadedClassList={listing}"] if listing else []
        return [self.binary, *sharing, *flags, "-cp", self.class_path]

    def can_archive(self) -> bool:
        return self.classes.exists() and not self.archive.exists()

    def archive_classes(self, flags: Sequence[str]) -> None:
        """Makes the archive from the classes. Servers start without one, too, only slower: a failure is no harm."""
        draft = self.archive.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        dump = ["-Xshare:dump", f"-XX:SharedClassListFile={self.classes}", f"-XX:SharedArchiveFile={draft}"]
        done = subprocess.run([self.binary, *dump, *flags, "-cp", self.class_path], check=False)
        if done.returncode == 0 and draft.exists():
            draft.replace(self.archive)
        else:
            self.classes.unlink(missing_ok=True)  # of no use; the next clean end lists them anew

    def keep_classes(self, listing: Path) -> None:
        """Keeps what a run listed, for the archive of the next start. Call it after a clean end only."""
        if listing.exists() and not self.archive.exists():
            shutil.copyfile(listing, draft := self.classes.with_suffix(f".{os.getpid()}"))
            draft.replace(self.classes)
        listing.unlink(missing_ok=True)


def find() -> tuple[str, str]:
    """(the path of the Java that runs the servers, its version). Raises StackError with the remedy."""
    home = os.environ.get("JAVA_HOME")
    homes = [*([Path(home)] if home else []), *sorted(Path("/usr/lib/jvm").glob(f"*{JAVA}*"))]
    places = [str(place / "bin" / "java") for place in homes]
    for binary in [*places[: bool(home)], shutil.which("java"), *places[bool(home) :]]:
        version = _version(binary) if binary else ""
        if binary and version.split(".")[0] == str(JAVA):
            return binary, version
    raise StackError(MISSING)


def _version(binary: str) -> str:
    try:
        done = subprocess.run([binary, "-version"], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    found = re.search(r'version "([^"]+)"', done.stderr)
    return found[1] if found else ""
