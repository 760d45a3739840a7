"""Given for the tests of accepting: types, an empty log, tokens, and what was written to the log."""

from __future__ import annotations

from typing import Any

from notifications.credentials import TokenFacts
from notifications.log import get_log
from notifications.records import Event, decode
from notifications.sending import SendRequest, Target
from notifications.topology import INTAKE_TOPICS, TOPICS
from templates_app.catalog import get_catalog
from templates_app.models import NotificationType
from tests.engines import partitions

SENDER = TokenFacts(id="7", kind="service", scopes=frozenset({"notifications:send"}))
RAISER = TokenFacts(id="8", kind="service", scopes=frozenset({"notifications:send", "priority:raise"}))


def make_type(name: str = "order_shipped", **fields: Any) -> NotificationType:
    """A type as an author would add it."""
    defaults = {"category": "order_updates", "priority": "high", "channels": ["in_app", "push", "email"]}
    kind = NotificationType.objects.create(name=name, **(defaults | fields))
    get_catalog().forget()
    return kind


def a_request(user: str = "usr_42", **fields: Any) -> SendRequest:
    """A valid request."""
    return SendRequest(**({"type": "order_shipped", "target": Target("user", user), "data": {"a": 1}} | fields))


def create_topics() -> None:
    """The log's table of topics."""
    get_log().create_topics({name: partitions(topic.partitions) for name, topic in TOPICS.items()})


_begun_at: dict[tuple[str, int], int] = {}


def begin_here() -> None:
    """From here on `written` tells what was written."""
    log = get_log()
    _begun_at.update({(t, p): end for t in INTAKE_TOPICS for p, end in log.end_offsets(t).items()})


def written() -> list[tuple[str, Event, dict[str, str]]]:
    """(topic, event, headers) of what this test put on the intake topics."""
    log = get_log()
    return [
        (topic, decode(Event, record.value), dict(record.headers))
        for topic in INTAKE_TOPICS
        for partition, end in log.end_offsets(topic).items()
        for record in log.read(topic, partition, _begun_at.get((topic, partition), 0), end)
    ]
