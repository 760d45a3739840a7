"""An event as a service sends it, and how its parts travel."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Required, TypedDict

import msgspec

from notification_platform.errors import InvalidRequest

KEY_MAX = 255
When = datetime | str | None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One event for one user. Only `type` and `user` have to be given; the rest is the type's.

    `channels` narrows the type's channels, `schedule_at` is up to a year ahead, `collapse_key` lets a newer one
    replace it. `idempotency_key`: your own name for the event, remembered for 24 h; without one the client makes one.
    """

    type: str
    user: str
    data: Mapping[str, Any] = {}
    priority: str | None = None
    channels: Sequence[str] | None = None
    schedule_at: When = None
    expires_at: When = None
    collapse_key: str | None = None
    idempotency_key: str | None = None

    def body(self) -> dict[str, Any]:
        """As it is posted. Raises InvalidRequest for a time without a zone."""
        optional = {
            "priority": self.priority,
            "channels": None if self.channels is None else list(self.channels),
            "schedule_at": time_text(self.schedule_at, "schedule_at"),
            "expires_at": time_text(self.expires_at, "expires_at"),
            "collapse_key": self.collapse_key,
            "idempotency_key": self.idempotency_key,
        }
        return {
            "type": self.type,
            "target": {"type": "user", "user_id": self.user},
            "data": dict(self.data),
            **{name: value for name, value in optional.items() if value is not None},
        }

    def encoded(self) -> bytes:
        """`body` as JSON. Raises InvalidRequest for what JSON can't hold."""
        return as_json(self.body())


class EventFields(TypedDict, total=False):
    """The fields of an `Event` besides its type, as keyword arguments."""

    user: Required[str]
    data: Mapping[str, Any]
    priority: str | None
    channels: Sequence[str] | None
    schedule_at: When
    expires_at: When
    collapse_key: str | None
    idempotency_key: str | None


def as_json(body: Any) -> bytes:
    """A body as JSON. Raises InvalidRequest for values that JSON can't hold."""
    try:
        return msgspec.json.encode(body)
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise InvalidRequest(
            f"The data can't be written as JSON: {error}.",
            code="invalid_request",
            field="data",
            remedy="Send text, numbers, true, false, null, lists and objects.",
        ) from error


def new_key() -> str:
    """An idempotency key that nobody has."""
    return uuid.uuid4().hex


def checked_key(key: str | None) -> str:
    """A key of one's own, else a new one. Raises InvalidRequest for one that can't travel in a header."""
    if key is None:
        return new_key()
    if not (0 < len(key) <= KEY_MAX and key.isascii() and key.isprintable()):
        raise InvalidRequest(
            f"An idempotency key has 1 to {KEY_MAX} printable ASCII characters.",
            code="invalid_request",
            field="Idempotency-Key",
            remedy="Use something like a UUID, one for each event.",
        )
    return key


def time_text(value: When, field: str) -> str | None:
    """A time as RFC 3339; text is taken as it is. Raises InvalidRequest for one without a zone."""
    if not isinstance(value, datetime):
        return value
    if value.tzinfo is None:
        raise InvalidRequest(
            f"`{field}` has no time zone.",
            code="invalid_request",
            field=field,
            remedy="Use datetime.now(UTC) and the like.",
        )
    return value.isoformat()
