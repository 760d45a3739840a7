"""Whether the platform would take an event: by its published schema, and by what it says of types, times and tokens."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from notification_platform.errors import Forbidden, TooLarge
from notification_platform.testing.flaws import refuse_flaws, refused

MAX_BYTES = 64 * 1024
SCHEMA = "send.schema.json"
PRIORITIES = ("critical", "high", "normal", "low")
YEAR = timedelta(days=366)
WRITTEN = "Write it like 2026-02-23T14:30:00Z."


class FakeType(msgspec.Struct, frozen=True):
    """A notification type, as the platform's catalogue has it."""

    name: str
    category: str = ""
    priority: str = "normal"
    channels: tuple[str, ...] = ("in_app", "push", "email")


def refuse(event: Any, types: Mapping[str, FakeType], *, scopes: frozenset[str], may_send: frozenset[str]) -> None:
    """Raises what the server would answer for a body that is JSON; `may_send` empty: all types."""
    error = next(iter(sorted(_validator().iter_errors(event), key=_order)), None)
    if error is not None:
        raise refused(f"{error.message}.", _field(error), "Correct the value; /api/docs shows what is expected.")
    its = types.get(event["type"])
    if its is None:
        raise _unknown(event["type"], types)
    _refuse_flaws(event)
    if len(msgspec.json.encode(event.get("data", {}))) > MAX_BYTES:
        raise too_large("data")
    if may_send and its.name not in may_send:
        raise Forbidden(f"This token may not send `{its.name}`.", field="type", code="type_not_allowed", status=403)
    _refuse_priority(event.get("priority") or its.priority, its, scopes)
    _refuse_times(event)


def too_large(field: str) -> TooLarge:
    """Over what one event may weigh."""
    return TooLarge(
        f"`{field}` is over {MAX_BYTES} bytes.", field=field, code="too_large", status=413, remedy="Send less."
    )


def _unknown(name: str, types: Mapping[str, FakeType]) -> Exception:
    refuse_flaws(name, "type", free=False)
    near = difflib.get_close_matches(name, types, n=3, cutoff=0.5)
    meant = f" Did you mean {', '.join(f'`{each}`' for each in near)}?" if near else ""
    return refused(
        f"There is no notification type `{name}`.{meant}",
        "type",
        f"Add it with `manage.py types add {name}` or in the admin.",
        "unknown_type",
    )


def _refuse_priority(wanted: str, its: FakeType, scopes: frozenset[str]) -> None:
    raised = PRIORITIES.index(wanted) < PRIORITIES.index(its.priority)
    if (raised or wanted == "critical") and "priority:raise" not in scopes:
        raise Forbidden(
            f"`{wanted}` is above what this token may send; `{its.name}` is {its.priority}.",
            field="priority",
            code="priority_not_allowed",
            status=403,
            remedy="Leave the priority out or lower it, or use a token with the scope priority:raise.",
        )


def _refuse_times(event: Mapping[str, Any]) -> None:
    now = datetime.now(UTC)
    start = now
    if event.get("schedule_at") is not None:
        start = _time(event["schedule_at"], "schedule_at")
        if start <= now:
            raise refused("`schedule_at` is in the past.", "schedule_at", "Give a future time, or null to send now.")
        if start > now + YEAR:
            raise refused("`schedule_at` is more than a year ahead.", "schedule_at", "Schedule at most one year ahead.")
    if event.get("expires_at") is not None and _time(event["expires_at"], "expires_at") <= start:
        raise refused("`expires_at` is not after the time of sending.", "expires_at", "Give a later time.")


def _time(text: str, field: str) -> datetime:
    try:
        at = msgspec.convert(text, datetime)
    except msgspec.ValidationError as error:
        raise refused(
            f"`{field}` is not an RFC 3339 time: {error}.", field, "Write it like 2026-02-23T14:30:00Z."
        ) from None
    if at.tzinfo is None:
        raise refused(f"`{field}` has no zone.", field, WRITTEN)
    return at


@cache
def _validator() -> Draft202012Validator:
    text = files("notification_platform.testing").joinpath(SCHEMA).read_bytes()
    return Draft202012Validator(msgspec.json.decode(text))


def _refuse_flaws(event: Mapping[str, Any]) -> None:
    refuse_flaws(event.get("data", {}), "data", free=True)
    named = {"target.user_id": event["target"]["user_id"]}
    named |= {name: event.get(name) for name in ("collapse_key", "idempotency_key")}
    for path, value in named.items():
        refuse_flaws(value, path, free=False)


def _order(error: ValidationError) -> tuple[bool, bool]:
    """What is there and wrong first, then what is too much, then what is missing: the order of the server's decoder."""
    return (error.validator == "required", error.validator == "additionalProperties")


def _field(error: ValidationError) -> str:
    """The JSON path as the server writes it."""
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path)
    if error.validator == "additionalProperties":
        path += "." + next(name for name in error.instance if name not in error.schema["properties"])
    elif error.validator == "required":
        path += "." + next(name for name in error.validator_value if name not in error.instance)
    return path.removeprefix(".") or "$"
