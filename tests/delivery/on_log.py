"""A log of its own for a test, and what the pipeline would put on it."""

from __future__ import annotations

import pytest

from foundation.identifiers import new_notification_id
from notifications import reports
from notifications.log import get_log
from notifications.log.port import Message
from notifications.records import Report, encode
from notifications.topology import RAW, TOPICS
from tests.delivery.reports_of import event
from tests.engines import own_log, partitions


@pytest.fixture
def empty_log(settings, tmp_path):
    settings.LOG_OPTIONS = own_log(settings.LOG_OPTIONS, tmp_path / "log")
    get_log.cache_clear()
    get_log().create_topics({topic.name: partitions(topic.partitions) for topic in TOPICS.values()})
    yield
    get_log().close()
    get_log.cache_clear()


def accepted(id: str = "", *, topic: str = RAW, **other) -> str:
    id = id or new_notification_id()
    get_log().produce([Message(topic, "u1", encode(event(id, **other)))])
    return id


def told(*some: Report) -> None:
    reports.produce(some)


def passed(*topics: str) -> None:
    """The groups of these topics (all: every group) have committed everything there is."""
    for name in topics or TOPICS:
        consumer = get_log().consumer(TOPICS[name].group, [name], "m")
        while not consumer.assignment_changes().assigned:
            pass
        consumer.commit({(name, p): end for p, end in get_log().end_offsets(name).items()})
        consumer.close()
