"""Which broadcasts nothing more may go out of: cancelled or recalled. Asked by the stages once a batch.

In Redis, so that it costs a batch of the bulk lane one question; SQL is asked where Redis doesn't know a broadcast,
and tells it.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from typing import Any

from django.db.models import Q

from foundation.control_plane import control_plane
from foundation.errors import ControlPlaneUnavailable
from foundation.redis import Unreachable, get_redis, key
from notifications.broadcasts import states
from notifications.broadcasts.models import Broadcast

GOES_ON_S = 5  # how long a stage may go on without asking SQL again, should Redis not have heard of a stop
STOPPED_S = 7 * 24 * 3600  # as long as the log keeps what might still come
_STOPPED, _GOES_ON = b"stopped", b"on"


def publish(id: str) -> None:
    """Tells every stage now. With Redis away they hear of it within GOES_ON_S."""
    with suppress(*Unreachable):
        get_redis().set(_name(id), _STOPPED, ex=STOPPED_S)


def stopped(ids: Collection[str]) -> frozenset[str]:
    """Those of `ids` that were stopped. With nobody to ask none is: they were approved, and go on."""
    wanted = sorted(ids)
    if not wanted:
        return frozenset()
    known = _known(wanted)
    unknown = [id for id, word in known.items() if word is None]
    found = {id for id, word in known.items() if word == _STOPPED}
    return frozenset(found | _ask(unknown)) if unknown else frozenset(found)


def _known(ids: list[str]) -> dict[str, bytes | None]:
    client: Any = get_redis()
    try:
        return dict(zip(ids, client.mget([_name(id) for id in ids]), strict=True))
    except Unreachable:
        return dict.fromkeys(ids)


def _ask(ids: list[str]) -> set[str]:
    over = Q(state=states.CANCELLED) | Q(recalled_at__isnull=False)
    try:
        with control_plane():
            found = set(Broadcast.objects.filter(over, pk__in=ids).values_list("pk", flat=True))
    except ControlPlaneUnavailable:
        return set()
    with suppress(*Unreachable), get_redis().pipeline(transaction=False) as pipe:
        for id in ids:
            if id in found:
                pipe.set(_name(id), _STOPPED, ex=STOPPED_S)
            else:
                pipe.set(_name(id), _GOES_ON, ex=GOES_ON_S, nx=True)
        pipe.execute()
    return found


def _name(id: str) -> str:
    return key("broadcast", id)
