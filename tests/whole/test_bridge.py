"""The bridge: words, repeats, the tracker that must come first, membership."""

from __future__ import annotations

import pytest

from delivery.bridge import DROWSY_AFTER_MS, DROWSY_RESTS
from delivery.tracker_position import end_of_reports, not_passed, passed
from foundation.clock import now_ms
from notifications.log import get_log
from notifications.log.port import Message, TopicPartition
from notifications.records import HEADER_REPEAT
from notifications.topology import DELIVERY, TOPICS
from preferences.models import User
from templates_app.models import NotificationType
from tests.pipeline import OPTIONS, Pipeline

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


def records_of(topic: str) -> list[Message]:
    """Everything on a topic, as it could be produced again."""
    log = get_log()
    return [
        Message(topic, record.key, record.value, {HEADER_REPEAT: "1"})
        for partition, end in log.end_offsets(topic).items()
        for record in log.read(topic, partition, 0, end)
    ]


def test_a_repeat_goes_to_a_provider_only_after_the_tracker_has_passed(
    pipeline: Pipeline, order_shipped: NotificationType, ada: User
):
    pipeline.send("order_shipped", "usr_42", data={"order": "A1"}, channels=["push"])
    pipeline.run()
    # Given a report that the tracker can't have passed, because its partitions are paused for now
    tracker = pipeline.bridge.topics[DELIVERY]
    paused = [TopicPartition(DELIVERY, number) for number in range(TOPICS[DELIVERY].partitions)]
    tracker.consumer.pause(paused)
    get_log().produce([Message(DELIVERY, "notif_x", b'{"reports":[]}', None)])
    # When a push comes again
    get_log().produce(records_of("notifications.push"))
    pipeline.turns(20)
    # Then it is held, and goes on once the tracker is through
    assert [flight.topic for _, flight in pipeline.bridge.held] == ["notifications.push"]
    assert not_passed(end_of_reports(get_log()), passed(get_log()))
    tracker.consumer.resume(paused)
    pipeline.run()
    assert not pipeline.bridge.held


def test_a_second_after_its_last_work_it_looks_more_rarely(
    pipeline: Pipeline, order_shipped: NotificationType, ada: User
):
    pipeline.run()
    before = now_ms()
    pipeline.send("order_shipped", "usr_42", data={"order": "A1"})
    pipeline.run()
    bridge = pipeline.bridge
    assert bridge.rest_ms(before + DROWSY_AFTER_MS) == OPTIONS.rest_ms
    assert bridge.rest_ms(now_ms() + DROWSY_AFTER_MS + 1) == DROWSY_RESTS * OPTIONS.rest_ms
