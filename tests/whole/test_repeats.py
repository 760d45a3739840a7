"""What is done again: words lost on their way, schedulers and workers that died, a Redis that was wiped.

No inbox shows anything twice, ever; elsewhere only what was in doubt comes again (contract §5).
"""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import pytest

from delivery import scheduling
from delivery.providers.sandbox import switches
from foundation.clock import now_ms, to_rfc3339
from foundation.redis import key
from notifications import reports
from notifications.due import table
from notifications.due.models import DueRow
from notifications.log import get_log
from notifications.log.port import Message
from notifications.records import HEADER_REPEAT, Attempting, ChannelRecord, decode
from notifications.store import get_store
from notifications.topology import BULK, CHANNELS, CRITICAL, LANES, RAW, channel_topic
from preferences.models import User
from templates_app.models import NotificationType
from tests.pipeline import OPTIONS, Pipeline
from tests.whole.conftest import make_type, make_user
from tests.whole.looking import assert_accounted_for, channels, inbox, later, outbox, tries

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

ORDER = {"order": "A1"}
QUICK = dataclasses.replace(OPTIONS, deadline_ms=1_500, margin_ms=100)


def until_flying(pipeline: Pipeline, topic: str) -> None:
    """Turns the bridge until a batch of `topic` is under way."""
    until = time.monotonic() + 30
    while not pipeline.bridge.topics[topic].flights:
        pipeline.bridge.turn()
        assert time.monotonic() < until, f"nothing of {topic} was taken"


def lose_words(pipeline: Pipeline, *topics: str) -> None:
    """A batch of each of `topics` goes out, and whatever is sent meanwhile; their words go where nobody listens."""
    heard, flown = pipeline.bridge.reply, set[str]()
    pipeline.bridge.reply = key("words", "lost")
    until = time.monotonic() + 30
    while not flown >= set(topics):
        pipeline.bridge.turn()
        flown |= {name for name, served in pipeline.bridge.topics.items() if served.flights}
        assert time.monotonic() < until, f"nothing of {set(topics) - flown} was taken"
    pipeline.bridge.reply = heard


@pytest.fixture
def quick(pipeline: Pipeline) -> Pipeline:
    """Batches that are given up after a second and a half."""
    pipeline.bridge.options = QUICK
    return pipeline


@pytest.mark.parametrize(
    ("priority", "topics"),
    [
        ("critical", [CRITICAL]),
        ("high", [RAW, *(channel_topic(channel, "standard") for channel in CHANNELS)]),
        ("normal", [RAW, *(channel_topic(channel, "standard") for channel in CHANNELS)]),
        ("low", [BULK, *(channel_topic(channel, "bulk") for channel in CHANNELS)]),
    ],
)
def test_every_word_lost_once_shows_nothing_twice(
    quick: Pipeline, order_shipped: NotificationType, ada: User, priority: str, topics: list[str]
):
    ids = [quick.send("order_shipped", "usr_42", data={"order": f"A{n}"}, priority=priority) for n in range(3)]
    lose_words(quick, *topics)
    quick.run()
    assert sorted(inbox("usr_42")) == sorted(ids)
    for id in ids:
        assert set(channels(id).values()) == {("sent", "")}
        assert {count for _, count in outbox(id).values()} == {1}
    assert_accounted_for()


def test_a_redis_wiped_while_batches_are_under_way_costs_seconds(
    quick: Pipeline, order_shipped: NotificationType, ada: User, redis: Any
):
    ids = [quick.send("order_shipped", "usr_42", data={"order": f"A{n}"}) for n in range(5)]
    for topic in (RAW, "notifications.push"):
        until_flying(quick, topic)
        redis.flushdb()
    quick.run()
    assert sorted(inbox("usr_42")) == sorted(ids)
    for id in ids:
        assert set(channels(id).values()) == {("sent", "")}
    assert_accounted_for()


class TestRetries:
    """A retry whose scheduler died after producing it, or whose worker died after beginning it."""

    @pytest.fixture(params=["normal", "high"])
    def priority(self, request: pytest.FixtureRequest) -> str:
        return request.param

    @pytest.fixture
    def failed(self, pipeline: Pipeline, priority: str) -> str:
        """It failed once and waits."""
        make_type("order_shipped", channels=["email"], priority=priority)
        make_user("usr_42", email="ann@example.com")
        switches.set_mode("ses", "transient")
        id = pipeline.send("order_shipped", "usr_42", data=ORDER)
        pipeline.run()
        switches.set_mode("ses", "ok")
        DueRow.objects.update(due_at=now_ms())
        return id

    def test_a_scheduler_that_died_after_producing_doubles_nothing(self, pipeline: Pipeline, failed: str):
        (entry,) = table.claim(LANES, now=now_ms(), limit=9, owner="dies", lease_s=-1)
        get_log().produce([Message(entry.topic, entry.key, entry.value)])
        pipeline.run()
        later(pipeline)
        assert outbox(failed) == {"ann@example.com": (2, 1)}
        assert channels(failed) == {"email": ("sent", "")}
        assert_accounted_for()

    def test_both_copies_in_one_batch_are_sent_once(self, pipeline: Pipeline, failed: str):
        (entry,) = table.claim(LANES, now=now_ms(), limit=9, owner="dies", lease_s=-1)
        get_log().produce([Message(entry.topic, entry.key, entry.value)])
        later(pipeline)
        assert outbox(failed) == {"ann@example.com": (2, 1)}
        assert_accounted_for()

    def test_a_worker_that_died_between_beginning_and_telling_leaves_doubt(
        self, pipeline: Pipeline, failed: str, priority: str
    ):
        (entry,) = table.claim(LANES, now=now_ms(), limit=9, owner="dies", lease_s=-1)
        send = decode(ChannelRecord, entry.value).recipients[0].sends[0].id
        reports.produce([Attempting(rows=[(failed, "usr_42", "email", send, 2)], at=now_ms())])
        pipeline.run()
        later(pipeline)
        if priority == "high":
            assert channels(failed) == {"email": ("sent", "")}
            assert outbox(failed) == {"ann@example.com": (2, 1)}
        else:
            assert channels(failed) == {"email": ("parked", "in_doubt")}
            assert outbox(failed) == {}
            assert tries(failed, "email")[-1] == (2, "parked")
        assert_accounted_for()


def test_an_event_twice_on_the_log_is_decided_and_shown_once(
    pipeline: Pipeline, order_shipped: NotificationType, ada: User
):
    id = pipeline.send("order_shipped", "usr_42", data=ORDER)
    log = get_log()
    (record,) = [r for p, end in log.end_offsets(RAW).items() for r in log.read(RAW, p, 0, end)]
    log.produce([Message(RAW, "usr_42", record.value, {HEADER_REPEAT: "1"})])
    pipeline.run()
    log.produce([Message(RAW, "usr_42", record.value, {HEADER_REPEAT: "1"})])
    pipeline.run()
    assert inbox("usr_42") == [id]
    assert {count for _, count in outbox(id).values()} == {1}
    assert len(get_store().details([id])[id]) == 1
    assert_accounted_for()


@pytest.mark.parametrize("priority", ["critical", "high", "low"])
def test_a_schedule_produced_twice_goes_out_once(
    pipeline: Pipeline, order_shipped: NotificationType, ada: User, priority: str
):
    """The scheduler produced it and died before it could say so; another claims it when the lease is over."""
    soon = to_rfc3339(now_ms() + 3_600_000)
    id = pipeline.send("order_shipped", "usr_42", data=ORDER, priority=priority, schedule_at=soon)
    pipeline.run()
    DueRow.objects.update(due_at=now_ms())
    assert scheduling.release(LANES) == 1
    pipeline.run()
    DueRow.objects.update(state="claimed", lease_until=0, finished_at=None)
    assert scheduling.release(LANES) == 1
    pipeline.run()
    assert inbox("usr_42") == [id]
    assert {count for _, count in outbox(id).values()} == {1}
    assert_accounted_for()
