"""Each group of failed sends meets its fate: a due-time row, a dead letter, alerts, and reports that say so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from delivery import parking, resuming
from delivery.alerts import AlertNote
from delivery.orders import status_of
from delivery.parking import Parked
from delivery.plans import Group
from delivery.providers.dead_since import dead_since
from delivery.retries import ALERT_AT, EXHAUSTED, FELL_BACK, Fallback, Park, Retry, fallback_channel
from delivery.status import DROPPED, PARKED, fold, is_final, was_sent
from foundation.errors import StoreUnavailable
from notifications.due.entry import DueEntry
from notifications.records import Decision, Event, FailedSend, Failure, Outcome, Report
from notifications.store.port import LogEntry
from preferences.addresses import Dead

AWAIT_FOR_MS = 5 * 60_000
Planned = Sequence[tuple[Failure, Group]]


class Known(msgspec.Struct, frozen=True):
    """What the store knows of the notifications concerned; `away` when it couldn't be asked."""

    decisions: Mapping[str, list[Decision]]
    cells: Mapping[tuple[str, str], list[LogEntry]]
    away: bool = False


class Fates(msgspec.Struct):
    """What a batch of failures came to."""

    repeat: bool
    now: int
    entries: list[DueEntry] = []
    parked: list[Parked] = []
    alerts: list[AlertNote] = []
    dead_addresses: list[Dead] = []
    reports: list[Report] = []


def known_of(planned: Planned) -> Known:
    """Asks the store once, and only about those whose fate depends on it: fallbacks, critical retries without event."""
    from notifications.store import get_store

    falling = {_delivery(group) for _, group in planned if isinstance(group.step, Fallback)}
    ids = {notification for notification, _ in falling}
    ids |= {_delivery(group)[0] for failure, group in planned if _needs_event(failure, group)}
    if not ids:
        return Known({}, {})
    try:
        details = get_store().details(ids)
        cells = get_store().cells(falling) if falling else {}
    except StoreUnavailable:
        return Known({}, {}, away=True)
    return Known({each: [one.decision for one in details[each]] for each in details}, cells)


def settle(failure: Failure, group: Group, known: Known, fates: Fates) -> None:
    """Adds to `fates` what becomes of `group`."""
    step = group.step
    fates.dead_addresses += _dead_addresses(failure, group)
    if isinstance(step, Retry):
        _retry(failure, group, step, known, fates)
    elif isinstance(step, Fallback):
        _fall_back(failure, group, step, known, fates)
    elif isinstance(step, Park):
        _park(group, step.reason, fates, alert=step.alert)
    else:
        _report(group, fates, DROPPED, reason=step.reason)


def _retry(failure: Failure, group: Group, step: Retry, known: Known, fates: Fates) -> None:
    event = _event(failure, group, known) if _is_critical(group) else None
    if _is_critical(group) and event is None:
        _await(failure, group, known, fates)
        return
    fates.entries.append(resuming.retry_entry(group, step.due, fates.repeat, event))
    if step.alert:
        fates.alerts.append(_alert(group, fates.now))
    for each in group.failed:
        _one(group, each, fates, status_of(each), due=step.due)


def _alert(group: Group, now: int) -> AlertNote:
    wrong = next((each for each in group.failed if each.error == "misconfigured"), None)
    if wrong is not None:
        return parking.refused_alert(group.record, wrong, now)
    return parking.trying_alert(group.record, group.failed[0], max(ALERT_AT, group.attempts))


def _fall_back(failure: Failure, group: Group, step: Fallback, known: Known, fates: Fates) -> None:
    notification, channel = _delivery(group)
    if not _may_fall_back(failure, group, known):
        _park(group, step.reason, fates)
        return
    event = _event(failure, group, known)
    if event is None:
        _await(failure, group, known, fates)
        return
    target = fallback_channel(channel, resuming.channels_used(known.decisions.get(notification, ())))
    if target is None:
        _park(group, step.reason, fates)
        return
    fates.entries.append(resuming.fallback_entry(group.record, event, target, fates.now, fates.repeat))
    _park(group, step.reason, fates, fell_back_to=target)


def _may_fall_back(failure: Failure, group: Group, known: Known) -> bool:
    """Not where the type forbids it, nor while another address of this delivery has it or may still get it."""
    from templates_app.catalog import get_catalog

    if fallback_channel(group.record.channel, ()) is None or group.record.broadcast:
        return False  # a broadcast's author chose its channels
    facts = get_catalog().facts(group.record.type)
    if facts is not None and not facts.fallback:
        return False
    mine = {each.send.id for each in failure.failed}
    others: dict[str, list[LogEntry]] = {}
    for cell in known.cells.get(_delivery(group), ()):
        if cell.send and cell.send not in mine:
            others.setdefault(cell.send, []).append(cell)
    statuses = [fold(cells) for cells in others.values()]
    return not any(was_sent(status) or not is_final(status) for status in statuses)


def _await(failure: Failure, group: Group, known: Known, fates: Fates) -> None:
    """The event isn't in the store yet: the tracker is behind, or the store away. Looked at again, but not for ever."""
    if not known.away and fates.now - failure.at > AWAIT_FOR_MS:
        _park(group, EXHAUSTED, fates, alert=_is_critical(group))
        return
    entry = resuming.await_entry(failure, group, fates.now, fates.repeat)
    fates.entries.append(entry)
    for each in group.failed:
        _one(group, each, fates, status_of(each), due=entry.due_at)


def _park(group: Group, reason: str, fates: Fates, *, alert: bool = False, fell_back_to: str = "") -> None:
    parked = Parked(
        record=group.record,
        failed=group.failed,
        reason=reason,
        attempts=group.attempts,
        at=fates.now,
        fell_back_to=fell_back_to,
    )
    fates.parked.append(parked)
    if alert:
        fates.alerts.append(parking.parked_alert(parked))
    if fell_back_to:
        _report(group, fates, PARKED, reason=FELL_BACK, detail=fell_back_to)
    else:
        _report(group, fates, PARKED, reason=reason)


def _dead_addresses(failure: Failure, group: Group) -> list[Dead]:
    """Dead since when the provider says, else as of its answer: who registered again later keeps the address."""
    user, channel = group.record.recipients[0].user, group.record.channel
    return [
        Dead(user, channel, each.send.address, dead_since(each.provider_code) or failure.at)
        for each in group.failed
        if each.error == "permanent_address"
    ]


def _report(group: Group, fates: Fates, status: str, *, reason: str, detail: str = "") -> None:
    for each in group.failed:
        _one(group, each, fates, status, reason=reason, detail=detail)


def _one(
    group: Group,
    failed: FailedSend,
    fates: Fates,
    status: str,
    *,
    reason: str = "",
    detail: str = "",
    due: int | None = None,
) -> None:
    recipient = group.record.recipients[0]
    outcome = Outcome(
        id=recipient.id,
        user=recipient.user,
        channel=group.record.channel,
        status=status,
        send=failed.send.id,
        attempt=group.record.attempt,
        reason=reason or ("" if failed.counts else failed.error),
        detail=detail or failed.detail,
        error=failed.error,
        provider=failed.provider,
        due=due,
        at=fates.now,
        stamps={"hop": group.record.hop},
    )
    fates.reports.append(outcome)


def _event(failure: Failure, group: Group, known: Known) -> Event | None:
    notification = _delivery(group)[0]
    if failure.event is not None:
        return failure.event
    return resuming.first_event(known.decisions.get(notification, ()), notification)


def _needs_event(failure: Failure, group: Group) -> bool:
    return failure.event is None and _is_critical(group) and isinstance(group.step, Retry)


def _is_critical(group: Group) -> bool:
    return group.record.lane == "critical"


def _delivery(group: Group) -> tuple[str, str]:
    return group.record.recipients[0].id, group.record.channel
