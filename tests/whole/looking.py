"""What a user, a sender and an operator see of what the pipeline did, and time that passes without being waited for."""

from __future__ import annotations

from typing import Any

from django.db.models import F
from msgspec import structs

from delivery import scheduling
from delivery.audit import audit
from delivery.providers.sandbox.models import OutboxMessage
from foundation.clock import now_ms
from foundation.redis import get_redis, key
from notifications.api.status import status_of
from notifications.due.models import DueRow
from notifications.log import get_log
from notifications.store import get_store
from notifications.topology import LANES, TOPICS
from tests.pipeline import SENDER, Pipeline

# Sees what anybody sent: in some tests that is a service with a token of its own.
OPERATOR = structs.replace(SENDER, scopes=frozenset({"notifications:read", "operate"}))


def told(notification: str) -> dict[str, Any]:
    """What `GET /notifications/{id}` answers."""
    return status_of(notification, OPERATOR)


def channels(notification: str) -> dict[str, tuple[str, str]]:
    """(status, reason) of each channel."""
    return {name: (its["status"], its.get("reason", "")) for name, its in told(notification)["channels"].items()}


def tries(notification: str, channel: str) -> list[tuple[int, str]]:
    """(attempt, status) of each try that was made, in order."""
    entries = [entry for entry in told(notification)["timeline"] if entry.get("channel") == channel]
    return sorted((entry["attempt"], entry["status"]) for entry in entries if entry.get("attempt"))


def outbox(notification: str) -> dict[str, tuple[int, int]]:
    """By address what the providers got: (attempt that came last, how often it came)."""
    rows = OutboxMessage.objects.filter(notification_id=notification)
    return {row.address: (row.attempt, row.received) for row in rows}


def inbox(user: str) -> list[str]:
    """Ids, newest first."""
    return [entry.row.id for entry in get_store().inbox_page(user, limit=100).entries]


def assert_accounted_for() -> None:
    """The audit finds every notification accounted for, on the log, in the store and in the outbox alike."""
    findings = audit(in_depth=True)
    assert findings.clean, "\n".join(findings.lines())


def waiting() -> list[DueRow]:
    """What waits for its time, the next first."""
    return list(DueRow.objects.filter(state="waiting").order_by("due_at"))


def later(pipeline: Pipeline) -> None:
    """Time passes until everything that waits now is due; then the pipeline runs.

    A row counts as claimed at its own time, as by a beat that was there on the minute. Breakers, buckets and shut
    accounts are forgotten, as they would be by then.
    """
    DueRow.objects.filter(state="waiting").update(claimed_at=F("due_at"))
    DueRow.objects.filter(state="waiting").update(due_at=now_ms())
    forget_breakers(pipeline)
    scheduling.release(LANES)
    pipeline.run()


def forget_breakers(pipeline: Pipeline) -> None:
    """A provider's bad hour is over."""
    client: Any = get_redis()
    for name in (*client.scan_iter(key("breaker", "*")), *client.scan_iter(key("bucket", "*"))):
        client.delete(name)
    for topic in pipeline.bridge.topics.values():
        topic.rest_until = 0


def ends() -> dict[str, int]:
    """How many records each topic has got."""
    log = get_log()
    return {name: sum(log.end_offsets(name).values()) for name in TOPICS}


def grown(before: dict[str, int]) -> set[str]:
    """The topics that got records since `before`."""
    return {name for name, end in ends().items() if end > before[name]}
