"""Who can't be decided while the control plane is away: put off, so that the others go on (contract §9, "MySQL down").

A user whom no cache knows, a key that nobody can vouch for: their notifications go into the due-time table by way of
the log (notifications/due/detour.py) and are routed as if for the first time once the database is back. What comes
after one of them, for the same user, waits with it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol, TypeVar

import msgspec

from foundation.errors import ControlPlaneUnavailable
from notifications import idempotency, vouching
from notifications.due import detour
from notifications.due.entry import CONTROL_PLANE, WHOLE, DueEntry
from notifications.log import get_log
from notifications.records import Event, Recipient, encode
from notifications.topology import intake_topic
from preferences.facts import Profile
from preferences.profiles import ProfilesUnavailable, profiles


class Waits(Protocol):
    """A notification on its way through routing."""

    event: Event
    recipient: Recipient
    repeat: bool
    trace: str


W = TypeVar("W", bound=Waits)


def known_users(users: Collection[str], *, keep: bool = True) -> tuple[dict[str, Profile], frozenset[str]]:
    """The profiles (`keep`: cached), and whom nobody can be asked about now."""
    try:
        return profiles(users, keep=keep), frozenset()
    except ProfilesUnavailable as away:
        return away.known, frozenset(away.missing)


def firsts_of_keys(keyed: Sequence[tuple[Event, str]]) -> tuple[dict[str, str], frozenset[str]]:
    """Duplicates by idempotency key ({id: the first one's}), and the ids of which nobody can say it now."""
    if not keyed:
        return {}, frozenset()
    try:
        return idempotency.remember(keyed), frozenset()
    except ControlPlaneUnavailable:
        return vouching.remember_later(keyed)


def split(subjects: Iterable[W], unknown: Collection[str], doubtful: Collection[str]) -> tuple[list[W], list[W]]:
    """Those who can go and those who wait, both in order. Pure."""
    go: list[W] = []
    wait: list[W] = []
    behind = set(unknown)
    for each in subjects:
        if each.recipient.user in behind or each.recipient.id in doubtful:
            behind.add(each.recipient.user)
            wait.append(each)
        else:
            go.append(each)
    return go, wait


def put_off(subjects: Sequence[Waits]) -> None:
    """Makes them wait, durably. Raises LogUnavailable."""
    if subjects:
        get_log().produce(detour.messages(entry(each) for each in subjects))


def entry(subject: Waits) -> DueEntry:
    """The row by which a notification comes back to its intake topic as it is. `hop` tells one wait from another."""
    event, recipient = subject.event, subject.recipient
    again = msgspec.structs.replace(event, recipients=[recipient], hop=event.hop + 1)
    return DueEntry(
        identity=f"{recipient.id}:{WHOLE}:{CONTROL_PLANE}:{event.attempt}:{event.now}:{event.hop}",
        notification_id=recipient.id,
        user=recipient.user,
        channel=WHOLE,
        lane=event.lane,
        kind=CONTROL_PLANE,
        due_at=event.now,
        topic=intake_topic(event.lane),
        key=recipient.user,
        value=encode(again),
        repeat=subject.repeat,
        trace=subject.trace,
    )
