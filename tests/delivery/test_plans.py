"""All sends of a failed delivery at once."""

from __future__ import annotations

from delivery.plans import again, plan
from delivery.retries import Fallback, Park, Retry
from foundation.clock import now_ms
from notifications.records import FailedSend, Failure
from tests.delivery.channel_records import failure, record

RESEND = ("critical", "high")


def groups(of: Failure):
    return plan(of, now=now_ms(), resend_in_doubt=RESEND)


def mixed(*errors: str, **fields) -> Failure:
    one = record(*[f"token-{n}" for n in range(len(errors))], channel="push", **fields)
    sends = one.recipients[0].sends
    failed = [FailedSend(send=send, error=error) for send, error in zip(sends, errors, strict=True)]
    return Failure(record=one, failed=failed, at=now_ms())


def test_sends_that_share_a_fate_wait_together_for_the_latest():
    (group,) = groups(mixed("transient", "transient"))
    alone = [groups(mixed("transient", "transient"))[0].step.due for _ in range(3)]
    assert isinstance(group.step, Retry)
    assert len(group.record.recipients[0].sends) == 2
    assert all(abs(due - group.step.due) < 15_000 for due in alone)


def test_each_fate_takes_its_own_sends():
    retried, parked = groups(mixed("transient", "permanent_address", "transient"))
    assert isinstance(retried.step, Retry)
    assert [send.address for send in retried.record.recipients[0].sends] == ["token-0", "token-2"]
    assert parked.step == Park("invalid_address")
    assert [send.address for send in parked.record.recipients[0].sends] == ["token-1"]


def test_a_delivery_falls_back_only_when_nothing_of_it_is_tried_again():
    assert [group.step for group in groups(mixed("permanent_address", priority="high"))] == [
        Fallback("invalid_address")
    ]
    _, over = groups(mixed("transient", "permanent_address", priority="high"))
    assert over.step == Park("invalid_address")


def test_a_counted_failure_is_the_next_attempt():
    (group,) = groups(failure(record(attempt=2)))
    assert (again(group).attempt, again(group).uncounted, again(group).hop) == (3, 0, 0)


def test_a_429_is_an_attempt_that_costs_nothing():
    (group,) = groups(failure(record(), "rate_limited", counts=False))
    assert (again(group).attempt, again(group).uncounted, again(group).hop) == (2, 1, 0)
    (after,) = groups(failure(record(attempt=4, uncounted=1)))
    assert isinstance(after.step, Retry)  # the third that counted of normal's three retries


def test_what_was_never_begun_is_the_same_attempt_another_time():
    (group,) = groups(failure(record(attempt=2), "not_begun", counts=False))
    assert (again(group).attempt, again(group).uncounted, again(group).hop) == (2, 0, 1)
