"""Idempotency keys (contract §2): scoped to a token, compared by the parsed body, remembered 24 h beyond a wiped Redis.

A key reserves its notification id before anything is produced: for `IN_FLIGHT_MS` a repeat is told to wait, after that
it produces the same id again, once it is answered it gets that answer. Redis holds the reservation; `IdempotencyKey`
rows, written by the router from the records themselves, answer when Redis has forgotten. If two slip through all the
same, the router sees both in one partition and `remember` names the first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from foundation.clock import now_ms
from foundation.control_plane import control_plane, one_transaction
from foundation.errors import Conflict, ControlPlaneUnavailable, Refused, Unprocessable
from foundation.redis import Unreachable, epoch, get_redis, key
from foundation.streaming import remove
from notifications import reserving
from notifications.models import IdempotencyKey
from notifications.records import Event
from notifications.reserving import UNKEPT, Ask, Reservation, State, life_ms, reserve_in_redis, write

DIGEST_CHARS = 32

_OPEN = (State.RESERVED, State.AGAIN)  # what SQL may know better


def key_digest(token_id: str, name: str) -> str:
    """How a key is stored: scoped to its token."""
    return hashlib.sha256(f"{token_id}\0{name}".encode()).hexdigest()[:DIGEST_CHARS]


def body_digest(body: Any) -> str:
    """The hash of a parsed body: the order of fields, spaces and escapes don't count."""
    return hashlib.sha256(msgspec.json.encode(body, order="deterministic")).hexdigest()[:DIGEST_CHARS]


def mark(ask: Ask) -> str:
    """What an Event carries as `idempotency`."""
    return f"{ask.key}.{ask.body}"


def reserve(asks: Sequence[Ask], *, now: int) -> list[Reservation]:
    """One Reservation for each ask, in one round trip; SQL is asked besides while Redis is younger than a key's life.

    With Redis away SQL alone answers; with both away every key counts as new, and the router catches repeats.
    """
    if not asks:
        return []
    try:
        since, found = reserve_in_redis(asks, now)
    except Unreachable:
        since, found = now, [Reservation(State.RESERVED, ask.notification_id) for ask in asks]
    if now - since < life_ms() or any(its.state is State.AGAIN for its in found):
        found = _with_durable(asks, found)
    return found


def known(asks: Sequence[Ask]) -> list[Reservation]:
    """As `reserve`, for keys Redis doesn't hold one by one: only looks, and only where Redis may have forgotten."""
    fresh = [Reservation(State.RESERVED, ask.notification_id) for ask in asks]
    return fresh if not asks or redis_knows() else _with_durable(asks, fresh)


def refusal(reservation: Reservation, *, now: int) -> Refused | None:
    """What a caller is told when a key is in flight (409) or was used for another body (422); None otherwise."""
    if reservation.state is State.IN_FLIGHT:
        wait = max(reservation.until - now, 0) / 1000
        return Conflict(
            "A request with this Idempotency-Key is still under way.",
            field="Idempotency-Key",
            code="idempotency_in_flight",
            remedy="Repeat it after Retry-After; it gets the same notification id.",
            retry_after=wait,
        )
    if reservation.state is State.OTHER:
        return Unprocessable(
            "This Idempotency-Key was used with another body.",
            field="Idempotency-Key",
            code="idempotency_mismatch",
            remedy="Use a new key for a new body, or repeat the first body exactly.",
        )
    return None


def answer(answers: Iterable[tuple[Ask, str, str]]) -> None:
    """Stores (ask, notification id, answer) of what was accepted, in one round trip. A lost one costs a 409 at most."""
    write([(ask.key, f"{ask.body}|{notification_id}|-|{text}") for ask, notification_id, text in answers])


def release(asks: Iterable[tuple[Ask, str]]) -> None:
    """Ends the in-flight time of (ask, notification id) whose producing failed: a repeat may try at once, same id."""
    write([(ask.key, f"{ask.body}|{notification_id}|0|") for ask, notification_id in asks])


def note_again(notification_ids: Sequence[str], *, now: int) -> None:
    """Notes that these ids, reserved earlier, are produced now: the log is searched by the time an id was drawn."""
    pipe = get_redis().pipeline(transaction=False)
    for notification_id in notification_ids:
        pipe.set(key("again", notification_id), now, px=life_ms())
    with suppress(*Unreachable):  # found all the same once it is routed
        pipe.execute()


def produced_again_at(notification_id: str) -> int | None:
    """When (ms) a reserved id was produced by a repeat, None if it wasn't or nobody knows."""
    client: Any = get_redis()
    with suppress(*Unreachable):
        at = client.get(key("again", notification_id))
        return int(at) if at else None
    return None


def remember(events: Sequence[tuple[Event, str]]) -> dict[str, str]:
    """The router's part: remembers the keys of (event, notification id) durably, in bulk, and finds repeats.

    Returns {notification id: the first one accepted under that key} for those that are duplicates. The same events
    again change nothing. Raises ControlPlaneUnavailable.
    """
    rows: dict[str, IdempotencyKey] = {}
    for event, notification_id in events:
        if event.idempotency:
            name, _, body = event.idempotency.partition(".")
            rows.setdefault(name, IdempotencyKey(name, body, notification_id, event.accepted_at))
    if not rows:
        return {}
    held = keep(rows)
    with suppress(*Unreachable):
        _tell_redis(held.values())
    firsts = ((mark.partition(".")[0], own) for event, own in events if (mark := event.idempotency))
    return {own: held[name].notification_id for name, own in firsts if held[name].notification_id != own}


def redis_knows() -> bool:
    """Whether Redis alone can answer for every key of a key's life."""
    try:
        return now_ms() - reserving.knows_since() >= life_ms()
    except Unreachable:
        return False


def _tell_redis(rows: Iterable[IdempotencyKey]) -> None:
    """Keys of what was accepted before Redis was emptied, and is routed only now."""
    since = epoch()
    old = [(row.key, row.body, row.notification_id, row.accepted_at) for row in rows if row.accepted_at < since]
    if old:
        reserving.bring_back(old)


@one_transaction
def keep(rows: Mapping[str, IdempotencyKey]) -> dict[str, IdempotencyKey]:
    """Inserts those that nobody has, and takes over those whose day is past; who holds each key then."""
    IdempotencyKey.objects.bulk_create([rows[name] for name in sorted(rows)], ignore_conflicts=True)
    held = _rows(rows)
    if over := [row for name, row in rows.items() if held[name].accepted_at < row.accepted_at - life_ms()]:
        IdempotencyKey.objects.bulk_update(over, ["body", "notification_id", "accepted_at"])
        held.update({row.key: row for row in over})
    return held


def purge(before: int) -> int:
    """Removes keys accepted before `before` (ms); returns how many. Raises ControlPlaneUnavailable."""
    return remove(IdempotencyKey.objects.filter(accepted_at__lt=before))


def _with_durable(asks: Sequence[Ask], found: list[Reservation]) -> list[Reservation]:
    """Lets SQL's rows correct what Redis, which may have forgotten, takes for new. One query; Redis learns of them."""
    try:
        with control_plane():
            held = _rows({ask.key for ask, its in zip(asks, found, strict=True) if its.state in _OPEN})
    except ControlPlaneUnavailable:
        return found  # accepting goes on with SQL down (contract §9); the router sees repeats
    limit = now_ms() - life_ms()
    held = {name: row for name, row in held.items() if row.accepted_at >= limit}
    write([(name, f"{row.body}|{row.notification_id}|-|{UNKEPT}") for name, row in held.items()])
    return [_corrected(ask, its, held.get(ask.key)) for ask, its in zip(asks, found, strict=True)]


def _corrected(ask: Ask, its: Reservation, row: IdempotencyKey | None) -> Reservation:
    if row is None or its.state not in _OPEN:
        return its
    return Reservation(State.ANSWERED if row.body == ask.body else State.OTHER, row.notification_id)


def _rows(names: Collection[str]) -> dict[str, IdempotencyKey]:
    return {row.key: row for row in IdempotencyKey.objects.filter(key__in=list(names))} if names else {}
