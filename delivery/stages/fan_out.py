"""Fan out: channel records, decisions and deferrals become durable; then the batch is settled."""

from __future__ import annotations

from delivery.batch import Routed, RoutedBatch
from delivery.broadcasts import drains, spreading
from delivery.stages import making
from delivery.stages.running import stage
from foundation.clock import now_ms
from notifications import reports
from notifications.due import detour
from notifications.log import get_log
from notifications.log.port import Message
from notifications.records import Decision, Report, encode, headers
from notifications.topology import DLQ, channel_topic


@stage("fan_out", RoutedBatch, last=True)
def fan_out(batch: RoutedBatch) -> None:
    """Due-time rows first, so that no offset moves before a deferral is kept; then one write to the log."""
    at = now_ms()
    due = [entry for routed in batch.routed for entry in making.due_entries(routed)]
    due += [entry for cast in batch.casts for entry in spreading.due_entries(cast)]
    messages: list[Message] = detour.keep(due)
    decisions: dict[bool, list[Report]] = {False: [], True: []}
    sizes = drains.record_sizes() if batch.casts else {}
    for cast in batch.casts:
        messages += spreading.messages(cast, at, sizes)
        decisions[cast.repeat].append(spreading.decided(cast, at))
    for routed in batch.routed:
        decisions[routed.repeat].append(_spread(routed, at, messages))
    traces = {routed.id: routed.trace for routed in batch.routed if routed.trace}
    for repeat, made in decisions.items():
        messages += reports.messages(made, repeat=repeat, traces=traces)
    get_log().produce(messages)


def _spread(routed: Routed, at: int, messages: list[Message]) -> Decision:
    inherited = headers(repeat=routed.repeat, trace=routed.trace)
    records = making.channel_records(routed, at)
    for record in records:
        messages.append(Message(channel_topic(record.channel, record.lane), routed.user, encode(record), inherited))
    failures = making.template_failures(routed, at)
    for failure in failures:
        messages.append(Message(DLQ, routed.id, encode(failure), inherited))
    return making.decision(routed, [*records, *(failure.record for failure in failures)], at)
