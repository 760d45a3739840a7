"""From a rendered cast to what is written of it: channel records, one decision, due-time rows, failures. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from delivery.batch import Cast, CastCell
from delivery.broadcasts.rounds import HEADER_RECIPIENTS
from delivery.stages import making
from foundation.identifiers import broadcast_key, send_id
from notifications.due.entry import DueEntry
from notifications.log.port import Message
from notifications.records import (
    MAX_RECIPIENTS,
    ChannelRecipient,
    ChannelRecord,
    Decided,
    DecidedGroup,
    FailedSend,
    Failure,
    Send,
    encode,
    headers,
)
from notifications.topology import DLQ, channel_topic
from preferences.decide import DEFER, SEND
from preferences.facts import Address
from templates_app.content import Content

RECORD_BYTES = 240_000
"""What a record's contents may come to: a batch holds a few records."""
_PLAIN = 250  # bytes of a recipient without content


def messages(cast: Cast, at: int, sizes: Mapping[str, int]) -> Iterator[Message]:
    """The cast's deliveries on their topics, and what failed on `dlq`. `sizes`: recipients a record, by channel."""
    plain = headers(repeat=cast.repeat, trace=cast.trace) or {}
    for cell in cast.cells:
        if cell.verdict.verdict != SEND:
            continue
        if cell.error:
            yield from (Message(DLQ, _id(each), encode(each), plain) for each in _failures(cast, cell, at))
            continue
        for record in _records(cast, cell, at, sizes.get(cell.verdict.channel, MAX_RECIPIENTS)):
            marks = {**plain, HEADER_RECIPIENTS: str(len(record.recipients))}
            yield Message(channel_topic(record.channel, record.lane), record.recipients[0].user, encode(record), marks)


def _id(failure: Failure) -> str:
    return failure.record.recipients[0].id


def _records(cast: Cast, cell: CastCell, at: int, most: int) -> Iterator[ChannelRecord]:
    people = _people(cast, cell)
    if cell.contents:
        most = min(most, max(1, RECORD_BYTES // (_PLAIN + max(map(_size, cell.contents)))))
    for start in range(0, len(people), most):
        yield _record(cast, cell, people[start : start + most], at)


def _size(content: Content) -> int:
    return len(content.html) + len(content.body) + len(content.title) + sum(len(str(v)) for v in content.data.values())


def _people(cast: Cast, cell: CastCell) -> list[ChannelRecipient]:
    everybody, channel = cast.event.recipients, cell.verdict.channel
    found = [everybody[place] for place in cell.who]
    if not cell.addresses and not cell.contents:  # in-app: its only address is the user
        return [ChannelRecipient(each.id, each.user) for each in found]
    contents: Sequence[Content | None] = cell.contents or [None] * len(found)
    addresses = cell.addresses or [()] * len(found)
    return [
        ChannelRecipient(each.id, each.user, _sends(each.id, channel, its), content)
        for each, its, content in zip(found, addresses, contents, strict=True)
    ]


def _sends(id: str, channel: str, addresses: Sequence[Address]) -> list[Send]:
    return [Send(send_id(id, channel, a.address), a.address, a.platform, a.device) for a in addresses]


def _record(cast: Cast, cell: CastCell, people: list[ChannelRecipient], at: int) -> ChannelRecord:
    event = cast.event
    return ChannelRecord(
        channel=cell.verdict.channel,
        lane=event.lane,
        priority=event.priority,
        attempt=event.attempt,
        uncounted=event.uncounted,
        hop=event.hop,
        refused_by=event.refused_by,
        recipients=people,
        content=cell.content,
        type=event.type,
        category=cast.category,
        now=event.now,
        accepted_at=event.accepted_at,
        made_at=at,
        expires_at=event.expires_at,
        collapse_key=event.collapse_key,
        broadcast=event.broadcast,
        fell_back_from=event.fell_back_from,
        mandatory=cast.mandatory,
    )


def _failures(cast: Cast, cell: CastCell, at: int) -> Iterator[Failure]:
    """The template failed: each delivery is parked with its name and line."""
    for who in _people(cast, cell):
        sends = who.sends or [Send(send_id(who.id, cell.verdict.channel, who.user), who.user)]
        record = _record(cast, cell, [msgspec.structs.replace(who, sends=sends)], at)
        yield Failure(
            record=record, failed=[FailedSend(send=each, error="template", detail=cell.error) for each in sends], at=at
        )


def decided(cast: Cast, at: int) -> Decided:
    """What was decided for all of them, in one report."""
    keys = [broadcast_key(each.id) for each in cast.event.recipients]
    return Decided(
        id=cast.event.recipients[0].id,
        broadcast=cast.event.broadcast or "",
        groups=[_group(cell, keys) for cell in cast.cells],
        now=cast.event.now,
        at=at,
        stamps=cast.stamps,
    )


def _group(cell: CastCell, keys: Sequence[int]) -> DecidedGroup:
    verdict = cell.verdict
    return DecidedGroup(
        channel=verdict.channel,
        verdict=verdict.verdict,
        reason=verdict.reason,
        detail=verdict.detail,
        setting=verdict.setting,
        due=verdict.due,
        keys=[keys[place] for place in cell.who],
    )


def due_entries(cast: Cast) -> Iterator[DueEntry]:
    """Due-time rows of those in quiet hours."""
    for cell in cast.cells:
        if cell.verdict.verdict != DEFER:
            continue
        for place in cell.who:
            who = cast.event.recipients[place]
            event = msgspec.structs.replace(cast.event, recipients=[who])
            yield from making.deferrals(event, who.id, who.user, [cell.verdict], cast.trace)
