"""Identities (contract, "Words and identities"): drawn once at acceptance, computed ever after."""

from __future__ import annotations

import uuid_utils
from uuid_utils.compat import uuid7

SEND_NAMESPACE = uuid_utils.UUID("6b1f7a52-6d0e-5b6e-9d2a-5b0f6f1c7a10")


def new_notification_id() -> str:
    """A time-ordered `notif_…` (UUIDv7, 32 hex digits)."""
    return f"notif_{uuid7().hex}"


def notification_ids(first: str, count: int) -> list[str]:
    """`count` ids (at most 4,096) of one call, computed from its `first`: whoever repeats the call arrives at the same.

    An id's place in the call stands in the 12 bits after the UUIDv7's time, so they are ordered as the call was.
    """
    return [f"{first[:19]}{place:03x}{first[22:]}" for place in range(count)]


BROADCAST = "bc_"
NOTIFICATION = "notif_"
_BROADCAST_DIGITS, _KEY_DIGITS, _VERSION_AT = 22, 10, 12

_VERSION_PLACE = len(NOTIFICATION) + _VERSION_AT


def new_broadcast_id() -> str:
    """A time-ordered `bc_…` of 22 hex digits: with a numeric key behind them they make a notification's id."""
    return f"{BROADCAST}{uuid7().hex[:_BROADCAST_DIGITS]}"


def broadcast_notification_id(broadcast: str, key: int) -> str:
    """The id of `broadcast` for the user with this numeric `key` (below 2**40): a UUIDv8, the same whoever computes it.

    It is ordered by the broadcast's time, then by key.
    """
    return f"{broadcast_prefix(broadcast)}{key:010x}"


def broadcast_prefix(broadcast: str) -> str:
    """What all notification ids of a broadcast begin with; the key follows as ten hex digits."""
    digits = broadcast.removeprefix(BROADCAST)
    return f"{NOTIFICATION}{digits[:_VERSION_AT]}8{digits[_VERSION_AT + 1 :]}"


def is_of_broadcast(notification_id: str) -> bool:
    """Whether a broadcast made this notification; a look at one digit."""
    return notification_id[_VERSION_PLACE : _VERSION_PLACE + 1] == "8"


def broadcast_key(notification_id: str) -> int:
    """The numeric key in the id of a notification that a broadcast made."""
    return int(notification_id[-_KEY_DIGITS:], 16)


def broadcast_of(notification_id: str) -> tuple[str, int] | None:
    """(broadcast, numeric key) of a notification that a broadcast made; None for any other id."""
    digits = notification_id[len(NOTIFICATION) :]
    if len(digits) != _BROADCAST_DIGITS + _KEY_DIGITS or digits[_VERSION_AT] != "8":
        return None
    try:
        key = int(digits[_BROADCAST_DIGITS:], 16)
    except ValueError:
        return None
    return f"{BROADCAST}{digits[:_VERSION_AT]}7{digits[_VERSION_AT + 1 : _BROADCAST_DIGITS]}", key


def send_id(notification_id: str, channel: str, address: str) -> str:
    """The UUIDv5 of (delivery, address): the same whoever computes it, fit to be an `apns-id`."""
    return str(uuid_utils.uuid5(SEND_NAMESPACE, f"{notification_id}/{channel}/{address}"))


def new_batch_id() -> str:
    """One sending of a batch; it lives as long as the batch is under way."""
    return uuid7().hex
