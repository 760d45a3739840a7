"""Who owns which spool: a lock (flock) on a file beside it, which ends with its process, however that dies.

Names are `<node>.<slot>`: a process takes the first slot that nobody has, so a restarted one finds its own lines again.
The folder is local to its machine; whose lock is free there has no owner.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import re
from collections.abc import Iterator
from pathlib import Path

from foundation.errors import LogUnavailable
from notifications.spool.file import SUFFIX, SpoolFile

LOCK_SUFFIX = ".owner"


class Owned:
    """A spool with its lock."""

    def __init__(self, path: Path, lock: int, *, max_bytes: int = 0) -> None:
        self._lock: int | None = lock
        try:
            self.file = SpoolFile(path, max_bytes=max_bytes)
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Gives it up: the next to look may adopt what is left in it."""
        lock, self._lock = self._lock, None
        if lock is not None:
            if hasattr(self, "file"):
                self.file.close()
            os.close(lock)


def take_slot(folder: Path, node: str, *, max_bytes: int) -> Owned:
    """The first slot of `node` that nobody has. Raises LogUnavailable when the folder can't be used."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for slot in itertools.count():
            path = folder / f"{plain(node)}.{slot}{SUFFIX}"
            lock = _lock(path, fcntl.LOCK_EX)
            if lock is not None:
                return Owned(path, lock, max_bytes=max_bytes)
    except OSError as error:
        raise LogUnavailable(f"the spool can't be opened: {error}") from error
    raise AssertionError("unreachable")


def adopt(path: Path) -> Owned | None:
    """The spool at `path` if its owner is gone, None while it has one. Raises LogUnavailable."""
    try:
        lock = _lock(path, fcntl.LOCK_EX)
    except OSError as error:
        raise LogUnavailable(f"{path.name} can't be adopted: {error}") from error
    return None if lock is None else Owned(path, lock)


def spools(folder: Path) -> Iterator[Path]:
    """The spools in `folder`, by name; those of every node that left one here."""
    yield from sorted(folder.glob(f"*{SUFFIX}"))


def has_owner(path: Path) -> bool:
    """Whether a running process owns the spool at `path`. Raises OSError."""
    lock = _lock(path, fcntl.LOCK_SH)
    if lock is None:
        return True
    os.close(lock)
    return False


def node_and_slot(path: Path) -> tuple[str, str]:
    """What the name of a spool says."""
    node, _, slot = path.name.removesuffix(SUFFIX).rpartition(".")
    return node, slot


def plain(node: str) -> str:
    """`node` as it stands in a file's name."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", node)


def _lock(path: Path, kind: int) -> int | None:
    """A descriptor that holds the lock, None if somebody else does."""
    file = os.open(path.with_suffix(LOCK_SUFFIX), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return None
    except BaseException:
        os.close(file)
        raise
    return file
