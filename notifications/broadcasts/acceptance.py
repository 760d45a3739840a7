"""Accepting a broadcast (contract §7): one function over plain values, for REST and the admin alike.

What it answers with is a row in SQL; nothing goes out here. The expander finds it there when it is approved and due.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from django.conf import settings

from foundation.control_plane import one_transaction
from foundation.errors import InvalidRequest, NotFound
from foundation.identifiers import new_broadcast_id
from notifications import idempotency, rate
from notifications.broadcasts import drains, states
from notifications.broadcasts.models import Broadcast, Walk
from notifications.broadcasts.request import STRATEGIES, BroadcastAccepted, BroadcastRequest
from notifications.credentials import TokenFacts
from notifications.models import IdempotencyKey
from notifications.reserving import Ask, State
from notifications.sending import SendRequest, Target
from notifications.validation import Plan, plan, refuse_unfit_data, unknown_type
from preferences import segments
from templates_app.catalog import get_catalog

MINUTE_S = 60


def accept(
    request: BroadcastRequest, token: TokenFacts, *, now: int, key: str | None = None, body: Any = None
) -> BroadcastAccepted:
    """Takes a broadcast for `token` at `now` (ms); a repeat of `key` with the same parsed `body` gets the first one.

    Above settings.BROADCAST_APPROVAL_ABOVE recipients it waits for a second person, else it starts when it is due.
    Raises InvalidRequest (400, the field named), Forbidden, Conflict and Unprocessable (the key), RateLimited,
    ControlPlaneUnavailable. The caller has checked that the token has the scope `broadcast`.
    """
    rate.charge(token, 1)
    if key is None:
        return answer(propose(request, token, id=new_broadcast_id(), by=_name(token), now=now))
    ask = Ask(idempotency.key_digest(token.id, f"broadcast\0{key}"), idempotency.body_digest(body), new_broadcast_id())
    its = idempotency.reserve([ask], now=now)[0]
    if refusal := idempotency.refusal(its, now=now):
        raise refusal
    there = Broadcast.objects.filter(pk=its.notification_id).first()
    if there is not None or its.state is State.ANSWERED:
        return answer(there or Broadcast.objects.get(pk=its.notification_id))
    try:
        row = propose(request, token, id=its.notification_id, by=_name(token), now=now, key=(ask.key, ask.body))
    except Exception:
        idempotency.release([(ask, its.notification_id)])
        raise
    idempotency.answer([(ask, row.pk, row.pk)])
    return answer(row)


def propose(
    request: BroadcastRequest,
    token: TokenFacts,
    *,
    id: str,
    by: str,
    now: int,
    key: tuple[str, str] | None = None,
    draft: bool = False,
) -> Broadcast:
    """The row of `request`, kept: a draft, one that waits for approval, or one that starts when it is due.

    `key` (digest, body's digest) is remembered with it. Raises InvalidRequest, Forbidden, ControlPlaneUnavailable.
    """
    row = made(request, token, id=id, by=by, now=now)
    row.state = states.DRAFT if draft else states.WAITING if needs_second_person(row) else states.SCHEDULED
    keep(row, key)
    return row


def made(request: BroadcastRequest, token: TokenFacts, *, id: str, by: str, now: int) -> Broadcast:
    """The broadcast that `request` asks for, not kept yet. Raises InvalidRequest and Forbidden, the field named."""
    its = _plan(request, token, now)
    throttle, channels = request.throttle, its.channels or list(its.facts.channels)
    if throttle.strategy not in STRATEGIES:
        raise InvalidRequest(
            f"There is no strategy `{throttle.strategy}`.",
            field="throttle.strategy",
            code="unknown_strategy",
            remedy=f"Use {' or '.join(f'`{each}`' for each in STRATEGIES)}, or leave it out.",
        )
    size = _size(request.target.segment)
    return Broadcast(
        id=id,
        name=request.name,
        segment=request.target.segment,
        type=request.type,
        type_version=its.facts.version,
        template_version=its.facts.template_version,
        data=request.data,
        priority=its.priority,
        channels=channels,
        rate=throttle.rate,
        strategy=throttle.strategy,
        schedule_at=its.schedule_at,
        expires_at=its.expires_at if request.expires_at else None,
        collapse_key=request.collapse_key or "",
        local_time=request.local_time or "",
        repeats=request.repeats or "",
        canary=msgspec.to_builtins(request.canary) if request.canary else None,
        size=size,
        pull="in_app" in channels and size > settings.BROADCAST_PULL_ABOVE,
        token=token.id,
        proposed_by=by,
        created_at=now,
        changed_at=now,
    )


def answer(row: Broadcast) -> BroadcastAccepted:
    """What the caller is told: recipients, and whole minutes (at least one)."""
    seconds = drains.seconds(dict.fromkeys(row.channels, row.size), row.rate)
    return BroadcastAccepted(row.pk, row.size, max(1, math.ceil(seconds / MINUTE_S)))


def needs_second_person(row: Broadcast) -> bool:
    """Whether somebody else has to approve it: it is large, or of a type that nobody can turn off (contract §7)."""
    facts = get_catalog().facts(row.type)
    return row.size > settings.BROADCAST_APPROVAL_ABOVE or bool(facts and facts.mandatory)


def next_occurrence(row: Broadcast, now: int) -> Broadcast | None:
    """The following one of a broadcast that repeats, as approved as this one; None for one that doesn't."""
    if not row.repeats:
        return None
    following = Broadcast.objects.get(pk=row.pk)
    following.pk = new_broadcast_id()
    following.previous, following.state, following.why, following.estimate = row.pk, states.SCHEDULED, "", None
    following.schedule_at = _later(row.schedule_at or row.created_at, row.repeats, now)
    following.started_at = following.finished_at = following.recalled_at = following.expires_at = None
    following.created_at = following.changed_at = now
    following.recalled_by = ""
    return following


@one_transaction
def keep(row: Broadcast, key: tuple[str, str] | None = None) -> None:
    """Keeps a new broadcast, and the idempotency key it came under. Raises ControlPlaneUnavailable."""
    row.save(force_insert=True)
    Walk.objects.create(broadcast=row)
    if key is not None:
        digest, body = key
        idempotency.keep({digest: IdempotencyKey(digest, body, row.pk, row.created_at)})


def _plan(request: BroadcastRequest, token: TokenFacts, now: int) -> Plan:
    """What one of its notifications would be, under the same rules as any other (notifications/validation.py)."""
    entry = get_catalog().entry(request.type)
    if entry is None:
        raise unknown_type(request.type, get_catalog().near(request.type))
    facts = entry.facts
    refuse_unfit_data(request.data, entry.schema)
    one = SendRequest(
        type=request.type,
        target=Target("user", "everybody"),
        data=request.data,
        priority=request.priority,
        channels=request.channels,
        schedule_at=request.schedule_at,
        expires_at=request.expires_at,
        collapse_key=request.collapse_key,
    )
    its = plan(one, facts, token, now=now)
    if its.priority == "critical":
        raise InvalidRequest(
            f"A broadcast can't be critical, as `{facts.name}` is: it would stand in the way of what is.",
            field="priority",
            remedy="Give it the priority high or lower.",
        )
    if other := [channel for channel in its.channels or () if channel not in facts.channels]:
        raise InvalidRequest(
            f"`{facts.name}` has no {other[0]}.",
            field="channels",
            remedy=f"Its channels are {', '.join(facts.channels)}.",
        )
    return its


def _size(segment: str) -> int:
    try:
        return segments.size(segment)
    except NotFound as error:
        raise InvalidRequest(
            error.detail, field="target.segment", code="unknown_segment", remedy=error.remedy
        ) from error


def _name(token: TokenFacts) -> str:
    return f"token {token.id}"


def _later(at: int, repeats: str, now: int) -> int:
    """The first time beyond `now` at which it repeats; a month's missing days become its last one."""
    moment, step = datetime.fromtimestamp(at / 1000, UTC), 0
    while True:
        step += 1
        due = int(_stepped(moment, repeats, step).timestamp() * 1000)
        if due > now:
            return due


def _stepped(moment: datetime, repeats: str, step: int) -> datetime:
    if repeats == "daily":
        return moment + timedelta(days=step)
    if repeats == "weekly":
        return moment + timedelta(weeks=step)
    months = moment.month - 1 + step
    year, month = moment.year + months // 12, months % 12 + 1
    last = (datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC) - timedelta(days=1)).day
    return moment.replace(year=year, month=month, day=min(moment.day, last))
