"""Kafka down (contract §9), on the embedded log: its folder is taken away and given back.

Critical ones are sent all the same, from the spool; back on the log they are told of, and sent to nobody twice.
"""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from delivery import tracking
from delivery.drainer import Drainer, DrainerOptions
from delivery.providers.sandbox import switches
from foundation.clock import now_ms
from foundation.errors import StoreUnavailable
from notifications.due.models import DueRow
from notifications.log import get_log
from notifications.records import Decision, Event, Report, decode
from notifications.spool import file, owners
from notifications.spool.away import AWAY
from notifications.store import get_store
from notifications.topology import BULK, CRITICAL, RAW
from preferences.models import User
from templates_app.models import NotificationType
from tests.engines import STACK
from tests.outage import Outage
from tests.pipeline import OPTIONS, Pipeline
from tests.whole.conftest import make_type
from tests.whole.looking import assert_accounted_for, channels, inbox, later, outbox, told, tries

pytestmark = [
    pytest.mark.django_db(transaction=True, databases="__all__"),
    pytest.mark.skipif(STACK, reason="takes the embedded log's folder away; see test_spool_kafka.py"),
]

DIRECT = dataclasses.replace(OPTIONS, deadline_ms=1_500, margin_ms=100, direct=True)


class Web:
    """The part of a web process that is asked here: its spool and its drainer, turned by hand."""

    def __init__(self, folder: Path) -> None:
        self.drainer = Drainer(DrainerOptions(folder, "node-a", 0, DIRECT))
        self.drainer.open()

    def until(self, done: Callable[[], Any], what: str, seconds: float = 20) -> None:
        end = time.monotonic() + seconds
        while not done():
            self.drainer.turn()
            assert time.monotonic() < end, what

    def until_done(self) -> None:
        """Everything critical went the direct way."""
        self.until(lambda: not self.standing().undone, "the direct way")

    def until_empty(self) -> None:
        """Everything is on the log."""
        self.until(lambda: not self.standing().rows and not AWAY.topics, "the way back")

    def standing(self) -> file.Standing:
        return file.standing(self.drainer.sources["node-a.0.sqlite3"].owned.file.path)

    def killed(self) -> None:
        """As `kill -9` leaves it: nothing is finished, nobody is told; its lock is free."""
        AWAY.forget()
        for source in self.drainer.sources.values():
            source.owned.release()


@pytest.fixture
def folder(settings, tmp_path: Path) -> Path:
    settings.SPOOL_FOLDER = tmp_path / "spool"
    return settings.SPOOL_FOLDER


@pytest.fixture
def web(pipeline: Pipeline, folder: Path) -> Iterator[Web]:
    AWAY.forget()
    web = Web(folder)
    yield web
    web.drainer.close()
    AWAY.forget()


@pytest.fixture
def outage(pipeline: Pipeline) -> Iterator[Outage]:
    outage = Outage()
    yield outage
    outage.end()


def until(done: Callable[[], Any], what: str, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, what
        time.sleep(0.01)


def channels_if_told(id: str) -> dict[str, tuple[str, str]]:
    return {name: its for name, its in channels(id).items() if its == ("sent", "")}


def on_log(topic: str) -> list[str]:
    """The ids that stand on a topic for one user, in order."""
    log = get_log()
    records = [each for p, end in log.end_offsets(topic).items() for each in log.read(topic, p, 0, end)]
    return [decode(Event, record.value).recipients[0].id for record in records]


def assert_sent_everywhere_once(id: str, user: str = "usr_42") -> None:
    assert set(channels(id).values()) == {("sent", "")}
    assert len(channels(id)) == 4
    assert {count for _, count in outbox(id).values()} == {1}
    assert len(outbox(id)) == 3
    assert inbox(user).count(id) == 1


def assert_sent_everywhere(id: str, *, ada_got: dict[str, tuple[int, int]]) -> None:
    """On every channel; `ada_got`: (attempt that came last, how often it came) by channel."""
    assert set(channels(id).values()) == {("sent", "")}
    address = {"email": "ada@example.com", "sms": "+4915112345678", "push": "token-1"}
    assert outbox(id) == {address[channel]: got for channel, got in ada_got.items()}
    assert inbox("usr_42").count(id) == 1


def test_a_critical_one_is_sent_while_the_log_is_away_and_once_in_all(
    pipeline: Pipeline, web: Web, outage: Outage, order_shipped: NotificationType, ada: User
):
    before = pipeline.send("order_shipped", "usr_42", data={"order": "A0"}, priority="critical")
    pipeline.run()
    outage.begin()
    ids = [pipeline.send("order_shipped", "usr_42", data={"order": f"A{n}"}, priority="critical") for n in range(1, 4)]
    assert told(ids[0])["status"] == "accepted"
    web.until_done()
    for id in ids:
        assert_sent_everywhere_once(id)
    assert web.standing() == (3, 0, web.standing().oldest, 3)

    outage.end()
    web.until_empty()
    pipeline.run()
    for id in (before, *ids):
        assert_sent_everywhere_once(id)
    assert_accounted_for()


def test_the_log_back_before_the_direct_way_began(
    pipeline: Pipeline, web: Web, outage: Outage, order_shipped: NotificationType, ada: User
):
    outage.begin()
    id = pipeline.send("order_shipped", "usr_42", data={"order": "A1"}, priority="critical")
    outage.end()
    web.until_empty()
    pipeline.run()
    assert_sent_everywhere_once(id)
    assert_accounted_for()


def test_every_lane_is_drained_in_order_where_all_are_spooled(pipeline: Pipeline, web: Web, outage: Outage, settings):
    settings.SPOOL_ALL = True
    make_type("plain", channels=["in_app"])
    outage.begin()
    ids = {priority: [] for priority in ("normal", "critical", "low")}
    for n in range(30):
        priority = list(ids)[n % 3]
        ids[priority].append(pipeline.send("plain", "usr_42", data={"order": f"A{n}"}, priority=priority))
    web.until(lambda: web.standing().undone == 20, "the critical ones went the direct way, the others wait")
    assert inbox("usr_42") == ids["critical"][::-1]
    outage.end()
    web.until_empty()
    last = pipeline.send("plain", "usr_42", data={"order": "last"}, priority="normal")
    assert on_log(RAW) == [*ids["normal"], last]
    assert on_log(CRITICAL) == ids["critical"]
    assert on_log(BULK) == ids["low"]
    pipeline.run()
    assert set(inbox("usr_42")) == {*(id for some in ids.values() for id in some), last}
    assert len(inbox("usr_42")) == 31
    assert_accounted_for()


class TestWhatGoesWrongMeanwhile:
    """The direct way has the same deadlines, repeats and retries as the other."""

    def test_a_provider_that_fails_is_tried_again_on_time_with_the_log_away(
        self, pipeline: Pipeline, web: Web, outage: Outage, order_shipped: NotificationType, ada: User
    ):
        outage.begin()
        switches.set_mode("ses", "transient")
        id = pipeline.send("order_shipped", "usr_42", data={"order": "A1"}, priority="critical")
        web.until_done()
        assert channels(id)["email"] == ("failed", "")
        assert channels(id)["sms"] == ("sent", "")
        switches.set_mode("ses", "ok")
        DueRow.objects.filter(state="waiting").update(due_at=now_ms())
        web.drainer._next_due = 0
        web.until(lambda: channels(id)["email"] == ("sent", ""), "the second attempt, log or not")
        assert tries(id, "email") == [(1, "failed"), (2, "sent")]
        outage.end()
        web.until_empty()
        pipeline.run()
        later(pipeline)
        assert_sent_everywhere(id, ada_got={"email": (2, 1), "sms": (1, 1), "push": (1, 1)})
        assert_accounted_for()

    def test_one_that_still_waits_for_its_retry_goes_on_over_the_log(
        self, pipeline: Pipeline, web: Web, outage: Outage, order_shipped: NotificationType, ada: User
    ):
        outage.begin()
        switches.set_mode("ses", "transient")
        id = pipeline.send("order_shipped", "usr_42", data={"order": "A1"}, priority="critical")
        web.until_done()
        switches.set_mode("ses", "ok")
        outage.end()
        web.until_empty()
        pipeline.run()
        assert channels(id)["email"] == ("failed", "")
        assert outbox(id).keys() == {"+4915112345678", "token-1"}
        later(pipeline)
        assert_sent_everywhere(id, ada_got={"email": (2, 1), "sms": (1, 1), "push": (1, 1)})
        assert_accounted_for()

    def test_a_lost_word_sends_nothing_twice(
        self, pipeline: Pipeline, web: Web, outage: Outage, order_shipped: NotificationType, ada: User
    ):
        outage.begin()
        id = pipeline.send("order_shipped", "usr_42", data={"order": "A1"}, priority="critical")
        web.until(lambda: web.drainer.direct and web.drainer.direct.in_flight, "a batch under way")
        assert web.drainer.direct
        web.drainer.direct.in_flight.clear()  # as if its word came for nobody
        web.drainer.direct = None
        web.drainer.sources["node-a.0.sqlite3"].not_before = now_ms() + 1_600
        web.until_done()
        assert_sent_everywhere_once(id)
        outage.end()
        web.until_empty()
        pipeline.run()
        assert_sent_everywhere_once(id)
        assert_accounted_for()

    def test_redis_wiped_under_way_costs_seconds(
        self, pipeline: Pipeline, web: Web, outage: Outage, order_shipped: NotificationType, ada: User, redis: Any
    ):
        outage.begin()
        ids = [pipeline.send("order_shipped", "usr_42", data={"order": "A1"}, priority="critical") for _ in range(2)]
        web.until(lambda: web.drainer.direct and web.drainer.direct.in_flight, "a batch under way")
        redis.flushdb()
        web.until_done()
        outage.end()
        web.until_empty()
        pipeline.run()
        for id in ids:
            assert set(channels(id).values()) == {("sent", "")}
            assert inbox("usr_42").count(id) == 1
        assert_accounted_for()


class TestTheStoreGoesTooForAMoment:
    """What only the store knows of the direct way is told to the log, whoever is first to find it there."""

    def test_between_an_outcome_and_its_decision(
        self,
        pipeline: Pipeline,
        web: Web,
        outage: Outage,
        order_shipped: NotificationType,
        ada: User,
        monkeypatch: pytest.MonkeyPatch,
    ):
        tried = threading.Event()

        def track(reports: Sequence[tuple[Report, bool]], *, polled_at: int) -> None:
            if any(isinstance(report, Decision) for report, _ in reports):
                tried.set()
                raise StoreUnavailable("killed a moment ago")
            tracking.track(reports, polled_at=polled_at)

        monkeypatch.setattr("delivery.telling.tracking", SimpleNamespace(track=track))
        outage.begin()
        id = pipeline.send("order_shipped", "usr_42", data={"order": "A1"}, priority="critical")
        web.until(tried.is_set, "its outcomes are in the store, its decision isn't")
        outage.end()
        web.until_empty()
        pipeline.run()
        assert_sent_everywhere_once(id)
        assert_accounted_for()

    def test_when_routing_asks_but_not_when_it_is_sent(
        self,
        pipeline: Pipeline,
        web: Web,
        outage: Outage,
        order_shipped: NotificationType,
        ada: User,
        monkeypatch: pytest.MonkeyPatch,
    ):
        outage.begin()
        id = pipeline.send("order_shipped", "usr_42", data={"order": "A1"}, priority="critical")
        web.until_done()
        outage.end()
        web.until_empty()

        def away(ids: Sequence[str]) -> None:
            monkeypatch.undo()
            raise StoreUnavailable("killed a moment ago")

        monkeypatch.setattr(get_store(), "details", away)
        pipeline.run()
        assert_sent_everywhere_once(id)
        assert_accounted_for()


class TestWebKilled:
    """`kill -9` between any two steps: nothing is lost, nobody gets a second one."""

    def test_after_the_line_was_written(
        self, pipeline: Pipeline, web: Web, outage: Outage, folder: Path, order_shipped: NotificationType, ada: User
    ):
        outage.begin()
        id = pipeline.send("order_shipped", "usr_42", data={"order": "A1"}, priority="critical")
        web.killed()
        again = Web(folder)
        AWAY.note([CRITICAL], "found at the first produce")
        again.until_done()
        assert_sent_everywhere_once(id)
        outage.end()
        again.until_empty()
        again.drainer.close()
        pipeline.run()
        assert_sent_everywhere_once(id)
        assert_accounted_for()

    def test_between_the_delivery_and_its_mark(
        self, pipeline: Pipeline, web: Web, outage: Outage, folder: Path, order_shipped: NotificationType, ada: User
    ):
        outage.begin()
        id = pipeline.send("order_shipped", "usr_42", data={"order": "A1"}, priority="critical")
        web.until(lambda: web.drainer.direct and web.drainer.direct.in_flight, "a batch under way")
        until(lambda: "sms" in channels_if_told(id), "sent by the worker, which nobody killed")
        web.killed()
        again = Web(folder)
        assert again.standing().undone == 1
        outage.end()  # so it goes over the log, undone as far as the spool knows
        again.until_empty()
        again.drainer.close()
        pipeline.run()
        assert_sent_everywhere_once(id)
        assert_accounted_for()

    @pytest.mark.parametrize("direct", [True, False], ids=["sent the direct way", "not sent yet"])
    def test_between_producing_and_removing(
        self,
        pipeline: Pipeline,
        web: Web,
        outage: Outage,
        folder: Path,
        order_shipped: NotificationType,
        ada: User,
        direct: bool,
    ):
        outage.begin()
        id = pipeline.send("order_shipped", "usr_42", data={"order": "A1"}, priority="critical")
        if direct:
            web.until_done()
        outage.end()
        (line,) = file.read(web.drainer.sources["node-a.0.sqlite3"].owned.file.path)
        get_log().produce([line.message._replace(headers={"repeat": "1"})])
        web.killed()
        pipeline.run()
        again = Web(folder)
        again.until_empty()
        again.drainer.close()
        pipeline.run()
        assert on_log(CRITICAL) == [id, id]
        assert_sent_everywhere_once(id)
        assert_accounted_for()

    def test_its_spool_is_adopted_by_another_process_of_the_machine(
        self, pipeline: Pipeline, web: Web, outage: Outage, folder: Path, order_shipped: NotificationType, ada: User
    ):
        other = Web.__new__(Web)
        other.drainer = Drainer(DrainerOptions(folder, "node-a", 0, DIRECT))
        other.drainer.open()  # slot 1: both run
        outage.begin()
        id = pipeline.send("order_shipped", "usr_42", data={"order": "A1"}, priority="critical")
        slot = file.standing(folder / "node-a.1.sqlite3")
        assert slot.rows == 1
        other.killed()
        AWAY.note([CRITICAL], "away still")
        web.drainer._next_look = 0
        web.until(lambda: "node-a.1.sqlite3" in web.drainer.sources, "adopted")
        web.until(lambda: not file.standing(folder / "node-a.1.sqlite3").undone, "sent the direct way")
        assert_sent_everywhere_once(id)
        outage.end()
        web.until(lambda: not file.standing(folder / "node-a.1.sqlite3").rows and not AWAY.topics, "on the log")
        pipeline.run()
        assert_sent_everywhere_once(id)
        web.drainer._next_look = 0
        web.drainer.turn()
        assert "node-a.1.sqlite3" not in web.drainer.sources
        assert not owners.has_owner(folder / "node-a.1.sqlite3")
        assert_accounted_for()


def test_what_came_to_the_log_without_an_answer_is_sent_once(
    pipeline: Pipeline, web: Web, outage: Outage, order_shipped: NotificationType, ada: User
):
    """The broker took it and died before it could say so: it stands on the log, unmarked, and in the spool."""
    outage.begin()
    id = pipeline.send("order_shipped", "usr_42", data={"order": "A1"}, priority="critical")
    web.until_done()
    outage.end()
    (line,) = file.read(web.drainer.sources["node-a.0.sqlite3"].owned.file.path)
    get_log().produce([line.message._replace(headers=None)])
    pipeline.run()
    web.until_empty()
    pipeline.run()
    assert on_log(CRITICAL) == [id, id]
    assert_sent_everywhere_once(id)
    assert_accounted_for()
