"""A retry waited for minutes or hours: what changed for its user meanwhile is looked at before it is sent (§4).

An opt-out, a suppression, an erasure, an address that is gone or belongs to somebody else by now: none of them may
have to wait for the next notification to be heard. In the critical lane routing itself looks again; repeats are held
against what was done, and not looked at here.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from msgspec import structs

from delivery.batch import DeliveryItem
from delivery.status import DROPPED
from foundation.clock import now_ms
from foundation.errors import ControlPlaneUnavailable
from notifications.records import ChannelRecipient, ChannelRecord, Outcome, Send
from preferences.decide import DROP, decide
from preferences.facts import Profile, Question, TypeFacts, Verdict
from preferences.profiles import profiles
from templates_app.catalog import get_catalog

log = structlog.get_logger(__name__)

GONE = "The address this was to be tried again at is gone."


def look_again(items: Sequence[DeliveryItem]) -> tuple[list[DeliveryItem], list[Outcome]]:
    """`items` without the sends that are no longer to be made, and the drops that say why.

    Only retries are looked at, in one round for all of them; with nobody to ask they go as they were decided.
    """
    waited = [item for item in items if _has_waited(item)]
    if not waited:
        return list(items), []
    try:
        known = profiles({recipient.user for item in waited for recipient in item.record.recipients})
    except ControlPlaneUnavailable as error:
        log.warning("retries go as they were decided", records=len(waited), error=str(error))
        return list(items), []
    kept: list[DeliveryItem] = []
    drops: list[Outcome] = []
    for item in items:
        left = _narrowed(item.record, known, drops) if _has_waited(item) else item.record
        if left is not None:
            kept.append(structs.replace(item, record=left))
    return kept, drops


def _has_waited(item: DeliveryItem) -> bool:
    return (item.record.attempt > 1 or item.record.hop > 0) and item.record.channel != "in_app" and not item.repeat


def _narrowed(record: ChannelRecord, known: dict[str, Profile], drops: list[Outcome]) -> ChannelRecord | None:
    """The record with the sends that are still to be made; None without any. `drops` gets the others."""
    facts = get_catalog().facts(record.type)
    if facts is None:  # its words are made already, and nothing more is known of it
        return record
    recipients: list[ChannelRecipient] = []
    for recipient in record.recipients:
        verdict = _verdict(record, recipient, facts, known[recipient.user])
        there = {address.address for address in verdict.addresses}
        sends = [send for send in recipient.sends if send.address in there]
        drops += [_drop(record, recipient, send, verdict) for send in recipient.sends if send.address not in there]
        if sends:
            recipients.append(structs.replace(recipient, sends=sends))
    return structs.replace(record, recipients=recipients) if recipients else None


def _verdict(record: ChannelRecord, recipient: ChannelRecipient, facts: TypeFacts, profile: Profile) -> Verdict:
    """As routing would decide it now; quiet hours don't put off what was let out before them."""
    question = Question(
        id=recipient.id, user=recipient.user, priority=record.priority, now=now_ms(), only=(record.channel,)
    )
    return decide(question, facts, structs.replace(profile, quiet_hours=None))[0]


def _drop(record: ChannelRecord, recipient: ChannelRecipient, send: Send, verdict: Verdict) -> Outcome:
    dropped = verdict.verdict == DROP
    return Outcome(
        id=recipient.id,
        user=recipient.user,
        channel=record.channel,
        status=DROPPED,
        send=send.id,
        attempt=record.attempt,
        reason=verdict.reason if dropped else "no_address",
        detail=verdict.detail if dropped else GONE,
        at=now_ms(),
    )
