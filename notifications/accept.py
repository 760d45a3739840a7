"""Accepting (contract §2): one function over plain values, for one event and for a thousand, free of HTTP.

What it answers with is durable: `produce` has returned. Everything is done once a call: one look at the facts of each
type, one round trip for idempotency keys, one for what is known of the users, one produce.
There is no mark of acceptance beside the log: whoever asks about an event that isn't routed yet finds it there
(`notifications.lookup`), also after Redis was wiped.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from foundation.errors import InvalidRequest, LogUnavailable, Refused
from notifications import idempotency, rate
from notifications.credentials import TokenFacts
from notifications.estimates import estimate
from notifications.keyed import Call, Keyed
from notifications.log import get_log
from notifications.log.port import Message
from notifications.payload import flaw_of_text
from notifications.records import HEADER_REPEAT, Event, Recipient, encode
from notifications.sending import Accepted, SendRequest
from notifications.topology import intake_topic
from notifications.validation import Plan, plan, refusal_of, unknown_type
from templates_app.catalog import get_catalog

MAX_ITEMS = 1_000
_REPEAT = {HEADER_REPEAT: "1"}

Result = Accepted | Refused


def accept(requests: Sequence[SendRequest], token: TokenFacts, *, now: int, call: Call | None = None) -> list[Result]:
    """Takes events for `token` at `now` (ms): a result for each, in order. What is Accepted is durable.

    Raises RateLimited (nothing was taken), LogUnavailable (nothing may be counted on; a repeat under the same key gets
    the same id). The caller has checked that the token has the scope notifications:send.
    """
    rate.charge(token, len(requests))
    return accept_charged(requests, token, now=now, call=call)


def accept_charged(
    requests: Sequence[SendRequest], token: TokenFacts, *, now: int, call: Call | None = None
) -> list[Result]:
    """`accept` for what was charged to the token's rate already."""
    plans, results = _plans(requests, token, now)
    keyed = Keyed(requests, plans, token.id, now)
    keyed.reserve(call)
    results.update(keyed.settled)
    going = [(i, requests[i], its) for i, its in enumerate(plans) if its is not None and i not in results]
    answers = _answers(going, keyed.ids, now)
    try:
        if going:
            get_log().produce([_message(i, request, its, keyed, token, now) for i, request, its in going])
    except LogUnavailable:
        keyed.release(answers)
        raise
    if again := [keyed.ids[i] for i in answers if i in keyed.again]:
        idempotency.note_again(again, now=now)
    keyed.answer(answers)
    results.update(answers)
    return [results[i] for i in range(len(requests))]


def _plans(requests: Sequence[SendRequest], token: TokenFacts, now: int) -> tuple[list[Plan | None], dict[int, Result]]:
    facts_of = cache(get_catalog().facts)
    plans: list[Plan | None] = []
    refused: dict[int, Result] = {}
    for index, request in enumerate(requests):
        try:
            facts = facts_of(request.type)
            if facts is None:
                raise _unknown(request.type)
            plans.append(plan(request, facts, token, now=now))
        except Refused as refusal:
            plans.append(None)
            refused[index] = refusal
    return plans, refused


def _answers(going: list[tuple[int, SendRequest, Plan]], ids: list[str], now: int) -> dict[int, Accepted]:
    channels = estimate([(request, its) for _, request, its in going], now=now)
    return {i: Accepted(ids[i], "accepted", found) for (i, _, _), found in zip(going, channels, strict=True)}


def _message(index: int, request: SendRequest, its: Plan, keyed: Keyed, token: TokenFacts, now: int) -> Message:
    user = request.target.user_id
    event = Event(
        lane=its.lane,
        priority=its.priority,
        recipients=[Recipient(keyed.ids[index], user)],
        type=request.type,
        type_version=its.facts.version,
        template_version=its.facts.template_version,
        data=request.data,
        now=now,
        accepted_at=now,
        schedule_at=its.schedule_at,
        expires_at=its.expires_at,
        channels=its.channels,
        collapse_key=request.collapse_key,
        token=token.id,
        idempotency=keyed.mark(index),
    )
    return Message(intake_topic(its.lane), user, encode(event), _REPEAT if index in keyed.again else None)


def _unknown(name: str) -> InvalidRequest:
    if flaw := flaw_of_text(name, "type"):
        return refusal_of(flaw)
    return unknown_type(name, get_catalog().near(name))
