"""Cancelling (contract §2): what still waits in the due-time table is cancelled, and the ledger told so."""

from __future__ import annotations

import time
from typing import Any

from foundation.clock import now_ms, to_rfc3339
from foundation.errors import Conflict, NotFound, Unavailable
from notifications import reports, status
from notifications.credentials import TokenFacts
from notifications.due import table
from notifications.lookup import find_event
from notifications.records import Decision, Event, Outcome
from notifications.store import get_store
from notifications.topology import CHANNELS
from templates_app.catalog import get_catalog

ROUTING_WAIT_S = 3.0
_STEP_S = 0.1
_WHOLE = "*"


def cancel(notification_id: str, token: TokenFacts) -> list[dict[str, Any]]:
    """Cancels what waits; one row a channel: {"channel", "status": "cancelled", "was", "due_at"}.

    What is accepted but not routed yet is waited for, `ROUTING_WAIT_S` at most. Repeated: the first answer.
    Raises NotFound (also for another token's), Conflict when nothing was left, Unavailable when it isn't routed yet:
    then nobody can say, and nothing was cancelled.
    """
    decisions = _decisions(notification_id)
    event = decisions[0].event if decisions else find_event(notification_id)
    if event is None or (event.token != token.id and "operate" not in token.scopes):
        raise NotFound("There is no such notification here.", field="id", remedy="Check the id and the token.")
    rows, decisions = _cancel_when_routed(notification_id, decisions, event)
    cancelled = [each for row in rows for each in _per_channel(row, decisions, event)]
    _tell_ledger(notification_id, rows[0]["user"], cancelled)
    return cancelled


def _decisions(notification_id: str) -> list[Decision]:
    return [each.decision for each in get_store().details([notification_id]).get(notification_id, [])]


def _cancel_when_routed(
    notification_id: str, decisions: list[Decision], event: Event
) -> tuple[list[dict[str, Any]], list[Decision]]:
    """The rows that were cancelled. The row is there before its decision is tracked, so both are looked for."""
    deadline = time.monotonic() + ROUTING_WAIT_S
    while True:
        try:
            return table.cancel(notification_id), decisions
        except Conflict as nothing_waits:
            if decisions:
                raise
            if time.monotonic() > deadline:
                raise _not_routed() from nothing_waits
        time.sleep(_STEP_S)
        decisions = _decisions(notification_id)


def _not_routed() -> Unavailable:
    return Unavailable(
        "It is accepted and not routed yet, so nothing of it can be cancelled so far.",
        code="not_routed",
        remedy="Repeat it after Retry-After.",
        retry_after=ROUTING_WAIT_S,
    )


def _per_channel(row: dict[str, Any], decisions: list[Decision], event: Event) -> list[dict[str, Any]]:
    """A row of the table as channels: a whole scheduled notification stands for all it was deferred on."""
    channels = [row["channel"]] if row["channel"] != _WHOLE else _deferred(decisions, event)
    due = to_rfc3339(row["due_at"])
    return [{"channel": each, "status": status.CANCELLED, "was": row["kind"], "due_at": due} for each in channels]


def _deferred(decisions: list[Decision], event: Event) -> list[str]:
    """The channels of a scheduled notification; by the type's own where the decision isn't tracked yet."""
    if decisions:
        return list(dict.fromkeys(c.channel for d in decisions for c in d.channels if c.verdict == "defer"))
    facts = get_catalog().facts(event.type)
    offered = facts.channels if facts else CHANNELS
    return [channel for channel in event.channels or offered if channel in offered]


def _tell_ledger(notification_id: str, user: str, cancelled: list[dict[str, Any]]) -> None:
    """Outcomes for the tracker; told again by each repeat, which changes nothing (a fold by rank)."""
    at = now_ms()
    reports.produce(
        [
            Outcome(
                id=notification_id,
                user=user,
                channel=each["channel"],
                status=status.CANCELLED,
                reason="cancelled",
                at=at,
            )
            for each in cancelled
        ]
    )
