"""The spool: what this process took while the log was away (contract §9, "Kafka down"; docs/decisions/0014).

    file      one process's lines in one SQLite file: fsynced, bounded, in order, torn ends recognised
    owners    who has which file: a lock that ends with its process; files whose owner is gone are there to be adopted
    away      which topics the log doesn't take at the moment, and who may spool for them
    taking    what accepting calls: on the log, else in the spool, else nowhere
    doubt     what may stand on the log all the same
    registry  spools of other machines, as far as they said of themselves

A process spools only while it has a drainer (delivery/drainer.py), which opens its spool: no spool, no 202.
"""

from __future__ import annotations

import os

from notifications.spool.file import Line, SpoolFile, Standing

__all__ = ["Line", "SpoolFile", "Standing", "current", "use"]

_current: SpoolFile | None = None


def current() -> SpoolFile | None:
    """This process's spool, None where nobody would drain it."""
    return _current


def use(spool: SpoolFile | None) -> None:
    """The drainer's word: lines go to `spool` from now on, or nowhere any more."""
    global _current
    _current = spool


# A child has neither the drainer nor the lock of its parent.
os.register_at_fork(after_in_child=lambda: use(None))
