"""Kafka down (contract §9), on a real broker that is killed with -9 and comes back."""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from delivery.drainer import Drainer, DrainerOptions
from delivery.providers.sandbox import switches
from foundation.errors import LogUnavailable
from notifications import credentials, rate
from notifications.log import get_log
from notifications.spool import file
from notifications.spool.away import AWAY
from notifications.topology import TOPICS
from preferences.models import User
from stack import needs
from stack.problems import StackError
from templates_app.catalog import get_catalog
from templates_app.models import NotificationType
from templates_app.texts import TEXTS
from tests.broker import Broker
from tests.notifications.api.calling import Caller, assert_problem
from tests.pipeline import Pipeline
from tests.whole.looking import assert_accounted_for, channels, inbox, outbox
from tests.whole.test_spool import DIRECT

pytestmark = [pytest.mark.stack, pytest.mark.django_db(transaction=True, databases="__all__")]

NOTICED_WITHIN_S = 3.0  # the first to find nobody there waits this long, nobody after it
A_MOMENT_S = 0.5


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    if not importlib.util.find_spec("confluent_kafka"):
        pytest.skip("without confluent_kafka; make test-stack has it")
    try:
        needs.check()
    except StackError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))
    folder = Path(tempfile.mkdtemp(prefix="np-broker-"))
    broker = Broker(folder)
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()
        shutil.rmtree(folder)


@pytest.fixture
def pipeline(broker: Broker, settings, transactional_db: None, redis: object, worker: None) -> Iterator[Pipeline]:
    """An empty platform whose log is this broker."""
    settings.LOG_ENGINE = "kafka"
    settings.LOG_OPTIONS = {
        "bootstrap": broker.address,
        "prefix": "",
        "replication": 1,
        "min_isr": 1,
        "retention_ms": 3_600_000,
        "timeout_s": 5.0,
        "queue_max": 10_000,
        "lease_s": 5.0,
        "handover_s": 2.0,
        "options": {},
    }
    get_log.cache_clear()
    get_catalog.cache_clear()
    TEXTS.clear()
    credentials._local.clear()
    rate._slices.clear()
    switches.forget()
    get_log().create_topics(dict.fromkeys(TOPICS, 4))
    running = Pipeline()
    yield running
    running.close()
    get_log().close()
    get_log.cache_clear()
    get_catalog.cache_clear()


@pytest.fixture
def drainer(pipeline: Pipeline, tmp_path: Path, settings) -> Iterator[Drainer]:
    """As web has it, in a thread of its own."""
    settings.SPOOL_FOLDER = tmp_path / "spool"
    AWAY.forget()
    drainer = Drainer(DrainerOptions(settings.SPOOL_FOLDER, "node-a", 0, DIRECT))
    drainer.open()
    thread = threading.Thread(target=drainer.run)
    thread.start()
    yield drainer
    drainer.stop()
    thread.join(20)
    AWAY.forget()


def until(pipeline: Pipeline, done: Callable[[], object], what: str, seconds: float = 60) -> None:
    """The bridges turn meanwhile, as they do everywhere."""
    end = time.monotonic() + seconds
    while not done():
        pipeline.bridge.turn()
        assert time.monotonic() < end, what


def run(pipeline: Pipeline) -> None:
    """Until everything is settled; a broker that has just come needs a moment for its groups."""

    def settled() -> bool:
        with suppress(LogUnavailable):
            return not pipeline.busy()
        return False

    until(pipeline, settled, "settled", 120)


def post(service: Caller, priority: str, n: int) -> tuple[object, float]:
    began = time.monotonic()
    event = {"type": "order_shipped", "target": {"type": "user", "user_id": "usr_42"}, "data": {"order": f"A{n}"}}
    answer = service.post("notifications", event | {"priority": priority})
    return answer, time.monotonic() - began


def test_the_broker_killed_and_back(
    broker: Broker, pipeline: Pipeline, drainer: Drainer, order_shipped: NotificationType, ada: User, settings
):
    service = Caller("notifications:send", "notifications:read", "priority:raise")
    path = settings.SPOOL_FOLDER / "node-a.0.sqlite3"
    before, _ = post(service, "critical", 0)
    run(pipeline)
    broker.kill()

    first, noticed = post(service, "critical", 1)
    assert first.status_code == 202, first.content
    assert noticed < NOTICED_WITHIN_S
    second, took = post(service, "critical", 2)
    assert second.status_code == 202
    assert took < A_MOMENT_S
    refused, took = post(service, "normal", 3)
    while took > A_MOMENT_S:  # the first of its own topic
        refused, took = post(service, "normal", 3)
    assert_problem(refused, 503)
    ids = [answer.json()["notification_id"] for answer in (first, second)]
    until(pipeline, lambda: not file.standing(path).undone, "sent the direct way")
    for id in ids:
        assert set(channels(id).values()) == {("sent", "")}

    broker.start()
    until(pipeline, lambda: not file.standing(path).rows and not AWAY.topics, "back on the log")
    after, _ = post(service, "critical", 4)
    run(pipeline)
    for id in (before.json()["notification_id"], *ids, after.json()["notification_id"]):
        assert set(channels(id).values()) == {("sent", "")}
        assert {count for _, count in outbox(id).values()} == {1}
        assert inbox("usr_42").count(id) == 1
    assert_accounted_for()
