"""Whether a process that accepts can: what web and gRPC answer their probes with."""

from __future__ import annotations

from functools import partial

import msgspec

from delivery import sidebyside
from delivery.servers import SERVERS
from foundation import probing
from foundation.probing import OK
from notifications import spool

PATIENCE_S = 1.5


class Readiness(msgspec.Struct, frozen=True):
    """`parts`: each server, "ok" or why not; `spools`: this process may put what is critical on its disk."""

    can_accept: bool
    parts: dict[str, str]
    spools: bool


def ask() -> Readiness:
    """Accepting needs Redis, and the log or a spool (then the critical ones are taken); not the database or the store.

    All are asked at once, and nobody waits longer than PATIENCE_S.
    """
    answers = sidebyside.ask({name: partial(probing.probe, server) for name, server in SERVERS.items()}, PATIENCE_S)
    parts = {name: str(answer) for name, answer in answers.items()}
    spools = spool.current() is not None
    return Readiness(parts["redis"] == OK and (parts["log"] == OK or spools), parts, spools)
