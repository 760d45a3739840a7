"""What brings a failed delivery back knows what is known of it."""

from __future__ import annotations

import pytest

from delivery import plans, resuming
from delivery.batch import Routed
from delivery.stages import making
from foundation.clock import now_ms
from notifications.records import Event, Recipient, decode
from preferences.facts import Address, Verdict
from templates_app.content import Content
from tests.delivery.channel_records import failure, record


@pytest.fixture
def failed():
    return failure(record("+4915112345678", channel="sms", lane="critical", priority="critical"))


@pytest.fixture
def event(failed):
    recipient = failed.record.recipients[0]
    return Event(
        lane="critical",
        priority="critical",
        recipients=[Recipient(recipient.id, recipient.user)],
        type="login_code",
        data={},
        now=now_ms(),
        accepted_at=now_ms(),
    )


def test_a_critical_retry_that_is_routed_anew_still_knows_who_refused_it(failed, event):
    (group,) = plans.plan(failed, now=now_ms(), resend_in_doubt=("critical",))
    entry = resuming.retry_entry(group, now_ms(), False, event)
    resumed = decode(Event, entry.value)
    routed = Routed(
        event=resumed,
        user=entry.user,
        id=entry.notification_id,
        category="security",
        verdicts=[Verdict(channel="sms", verdict="send", addresses=(Address("+4915112345678"),))],
        contents={"sms": Content(body="1234")},
    )
    (again,) = making.channel_records(routed, now_ms())
    assert (again.attempt, again.refused_by) == (2, ["twilio"])


def test_a_replay_begins_with_all_accounts(failed, event):
    (group,) = plans.plan(failed, now=now_ms(), resend_in_doubt=("critical",))
    refused = plans.again(group)
    assert refused.refused_by == ["twilio"]
    assert resuming.replay_event(event, refused, now=now_ms()).refused_by == []
