"""Accepted events become durable: on the log, else in this process's spool, else nowhere (contract §9, Kafka down)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from django.conf import settings

from foundation import meters
from foundation.errors import LogUnavailable
from notifications import spool
from notifications.log import get_log
from notifications.log.port import Message
from notifications.records import HEADER_REPEAT
from notifications.spool import doubt
from notifications.spool.away import AWAY
from notifications.topology import CRITICAL

Item = tuple[str, Message]  # a notification id, and its event as it goes on the log


def take(items: Sequence[Item]) -> set[int]:
    """Makes `items` durable; returns the indexes of those that nobody took.

    Raises LogUnavailable when that is all of them. Without a spool of its own a process has the log alone.
    """
    if spool.current() is None:
        get_log().produce([message for _, message in items], within_s=settings.ACCEPT_WITHIN_S)
        return set()
    shut: list[int] = []
    missed: list[int] = []
    for topic, group in _by_topic(items).items():
        if topic in AWAY.topics:
            shut += group
        elif not _produced(topic, [items[index] for index in group]):
            missed += group
    return _spool(items, shut, missed) if shut or missed else set()


def _by_topic(items: Sequence[Item]) -> dict[str, list[int]]:
    """Topic by topic, so that one that can't be written doesn't cast doubt on the others."""
    groups: dict[str, list[int]] = {}
    for index, (_, message) in enumerate(items):
        groups.setdefault(message.topic, []).append(index)
    return groups


def _produced(topic: str, items: Sequence[Item]) -> bool:
    try:
        get_log().produce([message for _, message in items], within_s=settings.ACCEPT_WITHIN_S)
    except LogUnavailable as error:
        AWAY.note({topic}, error)
        return False
    return True


def _spool(items: Sequence[Item], shut: Sequence[int], missed: Sequence[int]) -> set[int]:
    """Puts what may be spooled there; returns the others. Those that were `missed` may stand on the log nonetheless.

    Raises LogUnavailable when nothing was taken, of all of `items`.
    """
    own = spool.current()
    kept = [index for index in sorted([*shut, *missed]) if _may_be_spooled(items[index][1].topic)]
    refused = {*shut, *missed} - set(kept)
    if kept and own is not None:
        doubtful = set(missed) & set(kept)
        if doubtful:
            doubt.note([items[index][0] for index in doubtful])
        lines = [_marked(items[index]) if index in doubtful else items[index] for index in kept]
        try:
            with AWAY.spooling({message.topic for _, message in lines}):
                own.put(lines)
                for topic, count in Counter(message.topic for _, message in lines).items():
                    meters.SPOOLED.labels(topic).inc(count)
        except LogUnavailable:
            refused.update(kept)
    if len(refused) == len(items):
        raise LogUnavailable("the log is away")
    return refused


def _marked(item: Item) -> Item:
    id, message = item
    return id, message._replace(headers={**(message.headers or {}), HEADER_REPEAT: "1"})


def _may_be_spooled(topic: str) -> bool:
    return topic == CRITICAL or settings.SPOOL_ALL
