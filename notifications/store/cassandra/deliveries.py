"""The delivery log and the decisions in Cassandra.

A batch of the tracker adds one row for each (notification, channel): all its cells, under a key computed of them.
Nothing there is ever changed; a reader takes a notification's few rows and folds them by rank. So any order and any
number of times come to the same, with no read before, and no time-stamps but the clock's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import msgspec

from notifications.records import Decision
from notifications.status import was_sent
from notifications.store.cassandra.reading import read, read_keys
from notifications.store.cassandra.stamps import MAX_AT, first_wins, moment_of
from notifications.store.cassandra.writing import Write, bigint, text, write
from notifications.store.identity import made_for
from notifications.store.port import Details, LogEntry

ADD_DECISION = (
    "INSERT INTO {ks}.notification_details (notification, made_for, decision) VALUES (?, ?, ?) USING TIMESTAMP ?"
)
ADD_CELLS = "INSERT INTO {ks}.delivery_log (notification, user, channel, part, cells) VALUES (?, ?, ?, ?, ?)"
# A row without an entry: decided for this user, but not in the inbox.
ADD_OUTSIDE = "INSERT INTO {ks}.notifications_by_user (user, at, id) VALUES (?, ?, ?) USING TIMESTAMP ?"

DECISIONS = "SELECT made_for, decision, WRITETIME(decision) FROM {ks}.notification_details WHERE notification IN ?"
CELLS = "SELECT notification, user, channel, cells FROM {ks}.delivery_log WHERE notification IN ?"
POSITIONS = "SELECT at, id FROM {ks}.notifications_by_user WHERE user = ? AND (at, id) < (?, ?) LIMIT ?"

IN_APP, DECISION_ATTEMPT = "in_app", 0


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """A cell as its row holds it; notification, user and channel are the row's own."""

    send: str
    attempt: int
    status: str
    rank: int
    at: int
    detail: dict[str, Any]


_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_decode_decision = msgspec.msgpack.Decoder(Decision).decode
_decode_cells = msgspec.msgpack.Decoder(list[Kept]).decode


class CassandraDeliveries:
    """The half of the port that holds what was decided, tried, and came of it."""

    def record(self, entries: Sequence[LogEntry], details: Sequence[Details] = ()) -> None:
        writes = [*_decision_writes(details), *_cell_writes(entries)]
        write([*writes, *self._outside_after_all(entries)])

    def record_details(self, details: Sequence[Details]) -> None:
        self.record((), details)

    def details(self, ids: Collection[str]) -> dict[str, list[Details]]:
        found: dict[str, list[Details]] = defaultdict(list)
        for _, blob, written in read_keys(DECISIONS, ids):
            decision = _decode_decision(blob)
            found[decision.id].append(Details(decision=decision, tracked_at=moment_of(written, decision.event.now)))
        for each in found.values():
            each.sort(key=lambda one: (one.decision.at, one.tracked_at, made_for(one.decision)))
        return dict(found)

    def timelines(self, ids: Collection[str]) -> dict[str, list[LogEntry]]:
        found: dict[str, list[LogEntry]] = defaultdict(list)
        for entry in _folded(read_keys(CELLS, ids)):
            found[entry.id].append(entry)
        return dict(found)

    def cells(self, keys: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], list[LogEntry]]:
        wanted = set(keys)
        found: dict[tuple[str, str], list[LogEntry]] = defaultdict(list)
        for entry in _folded(read_keys(CELLS, {notification for notification, _ in wanted})):
            if (entry.id, entry.channel) in wanted:
                found[entry.id, entry.channel].append(entry)
        return dict(found)

    def user_timeline(self, user: str, *, limit: int, before: int | None = None) -> list[Details]:
        positions = read(POSITIONS, user, MAX_AT if before is None else before, "", limit)
        decided = self.details({id for _, id in positions})
        return [one for at, id in positions for one in reversed(decided.get(id, ())) if one.decision.event.now == at][
            :limit
        ]

    def _outside_after_all(self, entries: Sequence[LogEntry]) -> Iterable[Write]:
        """An in-app delivery that was decided but came to nothing (rare) belongs to its user's timeline as well."""
        failed = {entry.id for entry in entries if _came_to_nothing(entry)}
        if not failed:
            return
        for found in self.details(failed).values():
            yield from (_outside(one.decision) for one in found)


def _came_to_nothing(entry: LogEntry) -> bool:
    return entry.channel == IN_APP and entry.attempt != DECISION_ATTEMPT and not was_sent(entry.status)


def _decision_writes(details: Sequence[Details]) -> Iterable[Write]:
    for one in details:
        decision = one.decision
        yield (
            ADD_DECISION,
            (
                text(decision.id),
                text(made_for(decision)),
                _encode(decision),
                bigint(first_wins(decision.event.now, one.tracked_at)),
            ),
        )
        if not any(verdict.channel == IN_APP and verdict.verdict == "send" for verdict in decision.channels):
            yield _outside(decision)


def _outside(decision: Decision) -> Write:
    at = decision.event.now
    return ADD_OUTSIDE, (text(decision.user), bigint(at), text(decision.id), bigint(first_wins(at, at)))


def _cell_writes(entries: Sequence[LogEntry]) -> Iterable[Write]:
    rows: dict[tuple[str, str, str], list[Kept]] = {}
    for entry in entries:
        kept = Kept(entry.send, entry.attempt, entry.status, entry.rank, entry.at, entry.detail)
        rows.setdefault((entry.id, entry.user, entry.channel), []).append(kept)
    for (notification, user, channel), cells in rows.items():
        blob = _encode(cells)
        part = blake2b(blob, digest_size=8).digest()
        yield ADD_CELLS, (text(notification), text(user), text(channel), part, blob)


def _folded(rows: Iterable[tuple[Any, ...]]) -> list[LogEntry]:
    """The cells of all rows, one for each identity: the highest rank, of equals the later, by (at, channel, …)."""
    best: dict[tuple[str, str, str, int], tuple[tuple[Any, ...], str, Kept]] = {}
    for notification, user, channel, blob in rows:
        for cell in _decode_cells(blob):
            key = (notification, channel, cell.send, cell.attempt)
            there = best.get(key)
            weight = (cell.rank, cell.at, cell.status, _encode(cell.detail))
            if there is None or weight > there[0]:
                best[key] = weight, user, cell
    entries = [_entry(key[0], key[1], user, cell) for key, (_, user, cell) in best.items()]
    return sorted(entries, key=lambda entry: (entry.at, entry.channel, entry.send, entry.attempt))


def _entry(notification: str, channel: str, user: str, cell: Kept) -> LogEntry:
    return LogEntry(
        id=notification,
        user=user,
        channel=channel,
        send=cell.send,
        attempt=cell.attempt,
        status=cell.status,
        rank=cell.rank,
        at=cell.at,
        detail=cell.detail,
    )
