"""Whether one event may be taken, and as what: pure, no servers (contract §2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from django.conf import settings

from foundation.clock import from_rfc3339, to_rfc3339
from foundation.errors import Forbidden, InvalidRequest, TooLarge
from notifications.credentials import TokenFacts
from notifications.payload import Flaw, flaw_of_data, flaw_of_text
from notifications.sending import SendRequest
from notifications.topology import PRIORITIES, lane_of
from preferences.facts import TypeFacts
from templates_app.variables.checking import unfit

HORIZON_MS = 366 * 24 * 3_600_000  # one year ahead, also when it is a leap year
RAISE = "priority:raise"
_RANK = {name: rank for rank, name in enumerate(PRIORITIES)}


class Plan(msgspec.Struct, frozen=True):
    """An event that may be taken: what it becomes. Times in ms."""

    facts: TypeFacts
    priority: str
    lane: str
    channels: list[str] | None
    schedule_at: int | None
    expires_at: int | None


def plan(request: SendRequest, facts: TypeFacts, token: TokenFacts, *, now: int) -> Plan:
    """What `request` becomes. Raises InvalidRequest or Forbidden with the field and a remedy."""
    _refuse_flaws(request)
    if token.types and request.type not in token.types:
        raise Forbidden(
            f"This token may not send `{request.type}`.",
            field="type",
            code="type_not_allowed",
            remedy=f"It may send {', '.join(token.types)}; ask for a token with --type {request.type}.",
        )
    priority = _priority(request.priority or facts.priority, facts, token)
    schedule_at = None if request.schedule_at is None else _schedule(request.schedule_at, now)
    return Plan(
        facts,
        priority,
        lane_of(priority),
        None if request.channels is None else list(dict.fromkeys(request.channels)),
        schedule_at,
        _expiry(request.expires_at, facts, schedule_at or now),
    )


def under(plan: Plan, template_version: int) -> Plan:
    """The plan with other words than the published ones."""
    return msgspec.structs.replace(plan, facts=msgspec.structs.replace(plan.facts, template_version=template_version))


def refuse_unfit_data(data: dict[str, Any], schema: str) -> None:
    """Raises InvalidRequest, with the field, where `data` isn't what the type's variables say (`Entry.schema`)."""
    if found := unfit(schema, data):
        raise InvalidRequest(
            f"`data.{found.path}` {found.detail}.",
            field=f"data.{found.path}",
            code="unfit_data",
            remedy=found.remedy,
        )


def unknown_type(name: str, near: Sequence[str]) -> InvalidRequest:
    """The refusal of a type that doesn't exist, with what may have been meant and the command that adds one."""
    meant = f" Did you mean {', '.join(f'`{each}`' for each in near)}?" if near else ""
    return InvalidRequest(
        f"There is no notification type `{name}`.{meant}",
        field="type",
        code="unknown_type",
        remedy=f"Add it with `manage.py types add {name}` or in the admin.",
    )


def _refuse_flaws(request: SendRequest) -> None:
    user, collapse = request.target.user_id, request.collapse_key
    flaw = flaw_of_data(request.data, "data") if request.data else None
    if flaw is None and not user.isprintable():
        flaw = flaw_of_text(user, "target.user_id")
    if flaw is None and collapse is not None:
        flaw = flaw_of_text(collapse, "collapse_key")
    if flaw is None and request.idempotency_key is not None:
        flaw = flaw_of_text(request.idempotency_key, "idempotency_key")
    if flaw is not None:
        raise refusal_of(flaw)
    if len(msgspec.json.encode(request.data)) > settings.REQUEST_MAX_BYTES:
        raise TooLarge(
            f"`data` is over {settings.REQUEST_MAX_BYTES} bytes.",
            field="data",
            remedy="Send less: keep what templates don't show out of it.",
        )


def refusal_of(flaw: Flaw) -> InvalidRequest:
    """A flaw as the refusal that names its field."""
    return InvalidRequest(f"`{flaw.path}` {flaw.detail}.", field=flaw.path, remedy=flaw.remedy)


def _priority(wanted: str, facts: TypeFacts, token: TokenFacts) -> str:
    raised = _RANK[wanted] < _RANK[facts.priority]
    if (raised or wanted == "critical") and RAISE not in token.scopes:
        raise Forbidden(
            f"`{wanted}` is above what this token may send; `{facts.name}` is {facts.priority}.",
            field="priority",
            code="priority_not_allowed",
            remedy=f"Leave the priority out or lower it, or use a token with the scope {RAISE}.",
        )
    return wanted


def _schedule(text: str, now: int) -> int:
    at = _time(text, "schedule_at")
    if at <= now:
        raise InvalidRequest(
            f"`schedule_at` is in the past (it is {to_rfc3339(now)}).",
            field="schedule_at",
            remedy="Give a future time, or null to send now.",
        )
    if at > now + HORIZON_MS:
        raise InvalidRequest(
            "`schedule_at` is more than a year ahead.", field="schedule_at", remedy="Schedule at most one year ahead."
        )
    return at


def _expiry(text: str | None, facts: TypeFacts, start: int) -> int | None:
    if text is None:
        return start + facts.expires_after_s * 1000 if facts.expires_after_s else None
    at = _time(text, "expires_at")
    if at <= start:
        raise InvalidRequest(
            "`expires_at` is not after the time of sending.",
            field="expires_at",
            remedy="Give a later time, or leave it out for the type's own.",
        )
    return at


def _time(text: str, field: str) -> int:
    try:
        return from_rfc3339(text)
    except (ValueError, OverflowError) as error:
        raise InvalidRequest(
            f"`{field}` is not an RFC 3339 time with a zone: {error}.",
            field=field,
            remedy="Write it like 2026-02-23T14:30:00Z or 2026-02-23T15:30:00+01:00.",
        ) from None
