"""Three lanes, end to end: what goes where, retries included (contract, "Words": lane; §3)."""

from __future__ import annotations

import pytest

from delivery.providers.sandbox import switches
from foundation.clock import now_ms, to_rfc3339
from notifications.due.models import DueRow
from notifications.topology import BULK, CHANNELS, CRITICAL, DELIVERY, DLQ, RAW, channel_topic
from tests.pipeline import Pipeline
from tests.whole.conftest import make_type, make_user
from tests.whole.looking import assert_accounted_for, channels, ends, grown, later, outbox

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

ALL = list(CHANNELS)
ORDER = {"order": "A1"}
STANDARD_TOPICS = {channel_topic(channel, "standard") for channel in CHANNELS}
BULK_TOPICS = {channel_topic(channel, "bulk") for channel in CHANNELS}


@pytest.fixture
def people(pipeline: Pipeline) -> Pipeline:
    make_type("order_shipped", channels=ALL, priority="high")
    make_type("code", channels=ALL, priority="critical")
    make_type("offer", channels=ALL, priority="low")
    make_user("usr_42", token="token-1", email="fails-1-times@example.com", phone="+4915112345678")
    return pipeline


@pytest.mark.parametrize(
    ("type_name", "first", "on_failure"),
    [
        ("code", {CRITICAL, DELIVERY}, {CRITICAL, DELIVERY}),
        ("order_shipped", {RAW, DELIVERY, DLQ, *STANDARD_TOPICS}, {"notifications.email", DELIVERY}),
        ("offer", {BULK, DELIVERY, DLQ, *BULK_TOPICS}, set()),
    ],
)
def test_each_lane_keeps_to_its_topics(people: Pipeline, type_name: str, first: set[str], on_failure: set[str]):
    before = ends()
    id = people.send(type_name, "usr_42", data=ORDER)
    people.run()
    assert grown(before) == first
    before = ends()
    later(people)
    assert grown(before) == on_failure
    email = ("parked", "exhausted") if type_name == "offer" else ("sent", "")
    assert channels(id) == dict.fromkeys(("in_app", "push", "sms"), ("sent", "")) | {"email": email}
    assert_accounted_for()


def test_what_is_lowered_goes_by_bulk_and_what_waits_comes_back_to_its_lane(people: Pipeline):
    soon = to_rfc3339(now_ms() + 3_600_000)
    before = ends()
    lowered = people.send("order_shipped", "usr_42", data=ORDER, priority="low", schedule_at=soon, channels=["push"])
    code = people.send("code", "usr_42", data=ORDER, schedule_at=soon, channels=["push"])
    people.run()
    assert grown(before) == {BULK, CRITICAL, DELIVERY}
    assert set(DueRow.objects.values_list("lane", "topic")) == {("bulk", BULK), ("critical", CRITICAL)}
    before = ends()
    later(people)
    assert grown(before) == {BULK, CRITICAL, DELIVERY, "notifications.push.bulk"}
    assert outbox(lowered) == outbox(code) == {"token-1": (1, 1)}
    assert_accounted_for()


def test_a_standard_lane_at_a_standstill_holds_up_nothing_critical(people: Pipeline):
    """Mail is down for everybody: what is critical goes out by what works, and by mail as soon as that is back."""
    switches.set_mode("ses", "down")
    make_type("letter", channels=["email"], priority="normal")
    for n in range(20):
        make_user(f"usr_{n}", email=f"u{n}@example.com")
        people.send("letter", f"usr_{n}", data=ORDER)
    make_user("bob", email="bob@example.com", phone="+4915112345679")
    code = people.send("code", "bob", data=ORDER)
    people.run()
    assert channels(code)["in_app"] == channels(code)["sms"] == ("sent", "")
    switches.set_mode("ses", "ok")
    later(people)
    assert channels(code)["email"] == ("sent", "")
    assert_accounted_for()
