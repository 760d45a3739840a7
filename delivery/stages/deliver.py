"""Deliver: channel records to the inbox or to a provider, and what became of each. Report: that, on the log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from msgspec import structs

from delivery import in_app, scheduling, sending
from delivery.batch import Batch, DeliveryItem, Envelope, RoutedBatch, Told, ToldBatch, envelope_of
from delivery.broadcasts.stopping import without_stopped
from delivery.second_look import look_again
from delivery.stages import making
from delivery.stages.poison import set_aside
from delivery.stages.running import stage
from delivery.telling import teller
from foundation.clock import now_ms
from foundation.errors import ControlPlaneUnavailable, PoisonRecord
from notifications import reports
from notifications.due import detour
from notifications.log import get_log
from notifications.log.port import Message
from notifications.records import ChannelRecord, Decision, Event, Failure, decode, encode, headers
from notifications.topology import DLQ


@stage("deliver", Batch)
def deliver(batch: Batch) -> ToldBatch:
    """One channel's batch; the topic says which."""
    found = list(_items(batch))
    found, cancelled = without_stopped(found)
    items, drops = look_again(found)
    drops += cancelled
    told = _deliver_items(items, batch)
    traces = {recipient.id: item.trace for item in found if item.trace for recipient in item.record.recipients}
    return ToldBatch(**envelope_of(batch), told=[*told, Told(reports=list(drops))] if drops else told, traces=traces)


@stage("deliver_direct", RoutedBatch)
def deliver_direct(batch: RoutedBatch) -> ToldBatch:
    """The critical lane: all channels of a notification at once, without a channel topic between (contract §3)."""
    at = now_ms()
    items: list[DeliveryItem] = []
    decided: dict[bool, list[Decision]] = {False: [], True: []}
    failures: dict[bool, list[Failure]] = {False: [], True: []}
    for routed in batch.routed:
        records = making.channel_records(routed, at)
        failed = making.template_failures(routed, at)
        items += [DeliveryItem(record, routed.repeat, routed.trace) for record in records]
        failures[routed.repeat] += failed
        decided[routed.repeat].append(making.decision(routed, [*records, *(f.record for f in failed)], at))
    if detoured := detour.keep([entry for routed in batch.routed for entry in making.due_entries(routed)]):
        get_log().produce(detoured)
    events = {routed.id: routed.event for routed in batch.routed}
    told = [_with_events(each, events) for each in _deliver_items(items, batch)]
    told += [*batch.told, *(Told(reports=list(decided[r]), failures=failures[r], repeat=r) for r in (False, True))]
    traces = {routed.id: routed.trace for routed in batch.routed if routed.trace}
    return ToldBatch(**envelope_of(batch), told=told, traces=traces)


def _with_events(told: Told, events: Mapping[str, Event]) -> Told:
    """Failures of the critical lane carry their event: a retry is routed again, without asking the store for it."""
    failures = [structs.replace(failure, event=events[failure.record.recipients[0].id]) for failure in told.failures]
    return structs.replace(told, failures=failures)


@stage("report", ToldBatch, last=True)
def report(batch: ToldBatch) -> None:
    """Outcomes and failures become durable; the critical lane keeps its own retries (contract, "Words": lanes)."""
    if batch.direct:
        _report_directly(batch)
        return
    messages: list[Message] = []
    for told in batch.told:
        made = list(told.reports)
        failures = told.failures
        if failures and batch.lane == "critical":
            with suppress(ControlPlaneUnavailable):  # then they are kept on the log until the database is back
                made += scheduling.schedule(failures, repeat=told.repeat, now=now_ms(), traces=batch.traces)
                failures = []
        messages += reports.messages(made, repeat=told.repeat, traces=batch.traces)
        messages += [_failed(failure, told.repeat, batch.traces) for failure in failures]
    if messages:
        get_log().produce(messages)


def _report_directly(batch: ToldBatch) -> None:
    """Without the log: outcomes first, so that whoever does this again knows them; then what is to follow on failures.

    Raises StoreUnavailable, ControlPlaneUnavailable: the batch comes again, and sends nothing twice.
    """
    tell = teller(batch)
    for told in batch.told:
        tell(told.reports, repeat=told.repeat)
    for told in batch.told:
        if told.failures:
            made = scheduling.schedule(told.failures, repeat=told.repeat, now=now_ms(), traces=batch.traces)
            tell(made, repeat=told.repeat)


def _failed(failure: Failure, repeat: bool, traces: Mapping[str, str]) -> Message:
    id = failure.record.recipients[0].id
    return Message(DLQ, id, encode(failure), headers(repeat=repeat, trace=traces.get(id, "")))


def _items(batch: Batch) -> Iterable[DeliveryItem]:
    for record in batch.records:
        try:
            yield DeliveryItem(decode(ChannelRecord, record.value), record.repeat, record.trace)
        except PoisonRecord as poison:
            set_aside(batch.topic, record, poison)


def _deliver_items(items: Sequence[DeliveryItem], batch: Envelope) -> list[Told]:
    """Every channel's items, a call for each: a record and its marked copy in one batch must see each other."""
    by_channel: dict[str, list[DeliveryItem]] = {}
    for item in items:
        by_channel.setdefault(item.record.channel, []).append(item)
    return [_deliver_channel(channel, group, batch) for channel, group in by_channel.items()]


def _deliver_channel(channel: str, group: Sequence[DeliveryItem], batch: Envelope) -> Told:
    """What comes of a batch that holds any repeat may itself be one: the mark is inherited by all of it."""
    repeat, started = any(item.repeat for item in group), batch.polled_at
    if channel == "in_app":
        return Told(reports=in_app.deliver([item.record for item in group], polled_at=started), repeat=repeat)
    pairs = [(item.record, item.repeat) for item in group]
    delivered = sending.deliver(channel, pairs, deadline=batch.deadline, started=started, tell=teller(batch))
    return Told(reports=delivered.reports, failures=delivered.failures, repeat=repeat)
