"""Events that were spooled after a try to put them on the log: they may stand there all the same, without a mark.

A call that got no answer in its time may still arrive. Such a line is a repeat from the beginning, and whoever reads
the event from the log takes it for one too (delivery/stages/route.py), for as long as Redis remembers; after that it is
in doubt, as a send whose worker died.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from foundation.redis import Unreachable, get_redis, key

KEPT_S = 3_600  # far longer than any call to the log is under way


def note(ids: Sequence[str]) -> None:
    """These notifications may stand on the log."""
    with suppress(*Unreachable), get_redis().pipeline(transaction=False) as pipe:  # then they are in doubt
        pipe.sadd(_name(), *ids)
        pipe.expire(_name(), KEPT_S)
        pipe.execute()


def among(ids: Sequence[str]) -> set[str]:
    """Those of `ids` that were noted; none with Redis away."""
    client: Any = get_redis()
    if not ids:
        return set()
    with suppress(*Unreachable):
        return {id for id, noted in zip(ids, client.smismember(_name(), list(ids)), strict=True) if noted}
    return set()


def _name() -> str:
    return key("spool", "doubt")
