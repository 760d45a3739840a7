"""Accepting (contract §2): one function over plain values, for one event and for a thousand, free of HTTP.

What it answers with is durable: `produce` has returned, or, with the log away, it stands in this process's spool
(`notifications.spool`). Everything is done once a call: one look at the facts of each type, one round trip for
idempotency keys, one for what is known of the users, one produce.
There is no other mark of acceptance: whoever asks about an event that isn't routed yet finds it there
(`notifications.lookup`), also after Redis was wiped.

An event's `now`, and with it its place in the inbox, is the time its id was drawn: what the log took although nobody
heard so, and its repeat under the same key, are one row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache

from foundation import minutes
from foundation.errors import InvalidRequest, LogUnavailable, Refused, Unavailable
from notifications import idempotency, rate
from notifications.credentials import TokenFacts
from notifications.estimates import estimate
from notifications.keyed import Call, Keyed
from notifications.log.port import Message
from notifications.lookup import drawn_at
from notifications.payload import flaw_of_text
from notifications.records import Event, Recipient, encode, headers
from notifications.sending import Accepted, SendRequest
from notifications.spool import taking
from notifications.topology import intake_topic
from notifications.validation import Plan, plan, refusal_of, refuse_unfit_data, under, unknown_type
from templates_app.catalog import get_catalog

MAX_ITEMS = 1_000
RETRY_AFTER_S = 2.0

Result = Accepted | Refused


def accept(
    requests: Sequence[SendRequest],
    token: TokenFacts,
    *,
    now: int,
    call: Call | None = None,
    trace: str = "",
    template_version: int | None = None,
) -> list[Result]:
    """Takes events for `token` at `now` (ms): a result for each, in order. What is Accepted is durable.

    `trace` is the caller's trace context, which they all are part of ("": none). `template_version` takes the place of
    the published one: a test of a draft.

    Raises RateLimited (nothing was taken), LogUnavailable (nothing may be counted on; a repeat under the same key gets
    the same id). Where only some had to wait for the log, these are Unavailable. The caller has checked that the token
    has the scope notifications:send.
    """
    rate.charge(token, len(requests))
    traces = [trace] * len(requests) if trace else ()
    return accept_charged(requests, token, now=now, call=call, traces=traces, template_version=template_version)


def accept_charged(
    requests: Sequence[SendRequest],
    token: TokenFacts,
    *,
    now: int,
    call: Call | None = None,
    traces: Sequence[str] = (),
    template_version: int | None = None,
) -> list[Result]:
    """`accept` for what was charged to the token's rate already; `traces` has a trace context for each, or is empty."""
    plans, results = _plans(requests, token, now, template_version)
    keyed = Keyed(requests, plans, token.id, now)
    keyed.reserve(call)
    results.update(keyed.settled)
    going = [(i, requests[i], its) for i, its in enumerate(plans) if its is not None and i not in results]
    answers = _answers(going, keyed.ids, now)
    trace_of = dict(enumerate(traces))
    items = [
        (keyed.ids[i], _message(i, request, its, keyed, token, now, trace_of.get(i, ""))) for i, request, its in going
    ]
    try:
        refused = {going[place][0]: _away() for place in taking.take(items)} if items else {}
    except LogUnavailable:
        keyed.release(answers)
        raise
    if refused:
        keyed.release(refused)
        results.update(refused)
        answers = {i: answer for i, answer in answers.items() if i not in refused}
    if again := [keyed.ids[i] for i in answers if i in keyed.again]:
        idempotency.note_again(again, now=now)
    if answers:
        minutes.add(Counter(("accepted", its.lane) for i, _, its in going if i in answers), at=now)
    keyed.answer(answers)
    results.update(answers)
    return [results[i] for i in range(len(requests))]


def _plans(
    requests: Sequence[SendRequest], token: TokenFacts, now: int, template_version: int | None
) -> tuple[list[Plan | None], dict[int, Result]]:
    entry_of = cache(get_catalog().entry)
    plans: list[Plan | None] = []
    refused: dict[int, Result] = {}
    for index, request in enumerate(requests):
        try:
            entry = entry_of(request.type)
            if entry is None:
                raise _unknown(request.type)
            its = plan(request, entry.facts, token, now=now)
            refuse_unfit_data(request.data, entry.schema)
            plans.append(its if template_version is None else under(its, template_version))
        except Refused as refusal:
            plans.append(None)
            refused[index] = refusal
    return plans, refused


def _answers(going: list[tuple[int, SendRequest, Plan]], ids: list[str], now: int) -> dict[int, Accepted]:
    channels = estimate([(request, its) for _, request, its in going], now=now)
    return {i: Accepted(ids[i], "accepted", found) for (i, _, _), found in zip(going, channels, strict=True)}


def _message(
    index: int, request: SendRequest, its: Plan, keyed: Keyed, token: TokenFacts, now: int, trace: str
) -> Message:
    user = request.target.user_id
    event = Event(
        lane=its.lane,
        priority=its.priority,
        recipients=[Recipient(keyed.ids[index], user)],
        type=request.type,
        type_version=its.facts.version,
        template_version=its.facts.template_version,
        data=request.data,
        now=drawn_at(keyed.ids[index]) or now,
        accepted_at=now,
        schedule_at=its.schedule_at,
        expires_at=its.expires_at,
        channels=its.channels,
        collapse_key=request.collapse_key,
        token=token.id,
        idempotency=keyed.mark(index),
    )
    return Message(intake_topic(its.lane), user, encode(event), headers(repeat=index in keyed.again, trace=trace))


def _away() -> Unavailable:
    """What an item is told that has to wait for the log, where others of its call don't."""
    return Unavailable(
        "The log is away; this was not written.",
        remedy="Try again after Retry-After; an Idempotency-Key makes that safe.",
        retry_after=RETRY_AFTER_S,
    )


def _unknown(name: str) -> InvalidRequest:
    if flaw := flaw_of_text(name, "type"):
        return refusal_of(flaw)
    return unknown_type(name, get_catalog().near(name))
