"""The retry scheduler: failures to the due-time table, to another channel or to the dead letters; and what is due, out.

Everything is computed from the failure (identities, times, fates), and every row is inserted if it isn't there: a batch
that is done again changes nothing. The rows are durable before the caller's offset moves.
"""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import msgspec
from django.conf import settings

from delivery import alerts, fates, parking
from delivery.plans import plan
from foundation import meters
from foundation.clock import now_ms
from foundation.control_plane import one_transaction
from foundation.errors import PoisonRecord
from notifications.due import table
from notifications.due.entry import CONTROL_PLANE, RETRY, DueEntry
from notifications.log.port import Message
from notifications.records import Event, Failure, Report, decode, encode, headers
from notifications.topology import INTAKE_TOPICS, intake_topic
from preferences.addresses import Dead, invalidate_addresses

RELEASE_BATCH = 500
RELEASE_LEASE_S = 10.0
RELEASE_WITHIN_S = 5.0  # who sleeps longer between claiming and producing leaves the rows to the next
RELEASE_FOR_S = 20.0  # then the next tick goes on
_UNTRACED: Mapping[str, str] = {}

Released = Sequence[tuple[str, Message]]  # by notification id


def schedule(
    failures: Sequence[Failure], *, repeat: bool, now: int, traces: Mapping[str, str] = _UNTRACED
) -> list[Report]:
    """What follows on `failures`: rows are made durable here, the reports are for the caller to produce.

    `repeat` and the trace context (by notification id) are inherited by what comes of them. Raises
    ControlPlaneUnavailable: nothing was kept, try again.
    """
    planned = [
        (failure, group)
        for failure in failures
        for group in plan(failure, now=now, resend_in_doubt=settings.IN_DOUBT_RESEND)
    ]
    known = fates.known_of(planned)
    outcome = fates.Fates(repeat=repeat, now=now)
    _count(planned)
    for failure, group in planned:
        fates.settle(failure, group, known, outcome)
    _keep(outcome, traces)
    return outcome.reports


@one_transaction
def _keep(outcome: fates.Fates, traces: Mapping[str, str]) -> None:
    if outcome.entries:
        table.put([_traced(entry, traces) for entry in outcome.entries])
    parking.park(outcome.parked)
    alerts.raise_alerts(outcome.alerts)
    _remove(outcome.dead_addresses)


def onto_log(released: Released) -> None:
    """Where what is due goes. Raises LogUnavailable."""
    from notifications.log import get_log

    get_log().produce([message for _, message in released])


def release(lanes: Sequence[str], *, put: Callable[[Released], None] = onto_log) -> int:
    """Puts what is due in `lanes` on the log until nothing is left (or RELEASE_FOR_S is over); returns how many.

    Any number at once share the work. With the log away nothing is claimed: the critical lane's is then taken to a
    spool, which is another `put` (delivery/drainer.py). Raises what `put` does, ControlPlaneUnavailable: the leases
    run out, and whoever comes next puts out the same, marked.
    """
    if put is onto_log:
        _ask_the_log(lanes)
    owner, until, released = uuid.uuid4().hex, time.monotonic() + RELEASE_FOR_S, 0
    while time.monotonic() < until:
        claimed_at = time.monotonic()
        entries = table.claim(lanes, now=now_ms(), limit=RELEASE_BATCH, owner=owner, lease_s=RELEASE_LEASE_S)
        if not entries or time.monotonic() - claimed_at > RELEASE_WITHIN_S:
            break
        put([(entry.notification_id, _message(entry)) for entry in entries])
        table.finish([entry.identity for entry in entries])
        released += len(entries)
    if "standard" in lanes:
        alerts.post_pending()  # here, where waiting for a webhook holds up nothing critical
    return released


def _ask_the_log(lanes: Sequence[str]) -> None:
    from notifications.log import get_log

    for lane in lanes:
        get_log().end_offsets(intake_topic(lane))


def _count(planned: fates.Planned) -> None:
    steps = Counter((failure.record.priority, type(group.step).__name__.lower()) for failure, group in planned)
    for labels, number in steps.items():
        meters.FATES.labels(*labels).inc(number)


def _traced(entry: DueEntry, traces: Mapping[str, str]) -> DueEntry:
    trace = traces.get(entry.notification_id)
    return msgspec.structs.replace(entry, trace=trace) if trace else entry


def _message(entry: DueEntry) -> Message:
    return Message(entry.topic, entry.key, _value(entry), headers(repeat=entry.repeat, trace=entry.trace))


def _value(entry: DueEntry) -> bytes:
    """An event is decided as of when it is put on its topic: the time its row got when it was first claimed, so that it
    has the same one when it is produced again. What was on its topic before keeps its own, and with it its place in the
    inbox, which a copy of it may have already."""
    if entry.topic not in INTAKE_TOPICS or entry.kind in (RETRY, CONTROL_PLANE):
        return entry.value
    try:
        return encode(msgspec.structs.replace(decode(Event, entry.value), now=entry.claimed_at))
    except PoisonRecord:
        return entry.value  # whoever reads it from the log quarantines it


def _remove(dead: Sequence[Dead]) -> None:
    if dead:
        invalidate_addresses(dead)
