"""Accepted events become durable: on the log, else in this process's spool, else nowhere (contract §9, Kafka down)."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings

from foundation.errors import LogUnavailable
from notifications import spool
from notifications.log import get_log
from notifications.log.port import Message
from notifications.spool.away import AWAY
from notifications.topology import CRITICAL

Item = tuple[str, Message]  # a notification id, and its event as it goes on the log


def take(items: Sequence[Item]) -> set[int]:
    """Makes `items` durable; returns the indexes of those that nobody took.

    Raises LogUnavailable when that is all of them. Without a spool of its own a process has the log alone.
    """
    if spool.current() is None:
        get_log().produce([message for _, message in items])
        return set()
    if not AWAY.topics and _on_one_topic(items):
        left = list(range(len(items))) if _missed(items) else []
    else:
        left = [index for topic, group in _by_topic(items).items() for index in _not_produced(topic, items, group)]
    return _spool(items, left) if left else set()


def _on_one_topic(items: Sequence[Item]) -> bool:
    topic = items[0][1].topic
    return all(message.topic == topic for _, message in items)


def _by_topic(items: Sequence[Item]) -> dict[str, list[int]]:
    """Topic by topic, so that one that can't be written doesn't cast doubt on the others."""
    groups: dict[str, list[int]] = {}
    for index, (_, message) in enumerate(items):
        groups.setdefault(message.topic, []).append(index)
    return groups


def _not_produced(topic: str, items: Sequence[Item], group: list[int]) -> list[int]:
    return group if topic in AWAY.topics or _missed([items[index] for index in group]) else []


def _missed(items: Sequence[Item]) -> bool:
    """Whether the log didn't take these, all of one topic."""
    try:
        get_log().produce([message for _, message in items])
    except LogUnavailable as error:
        AWAY.note({items[0][1].topic}, error)
        return True
    return False


def _spool(items: Sequence[Item], left: Sequence[int]) -> set[int]:
    """Puts what may be spooled of `left` there; returns the others. Raises LogUnavailable when nothing was taken."""
    own = spool.current()
    kept = [index for index in sorted(left) if _may_be_spooled(items[index][1].topic)]
    refused = set(left) - set(kept)
    if kept and own is not None:
        try:
            with AWAY.spooling({items[index][1].topic for index in kept}):
                own.put([items[index] for index in kept])
        except LogUnavailable:
            refused.update(kept)
    if len(refused) == len(items):
        raise LogUnavailable("the log is away")
    return refused


def _may_be_spooled(topic: str) -> bool:
    return topic == CRITICAL or settings.SPOOL_ALL
