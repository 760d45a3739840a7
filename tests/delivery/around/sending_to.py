"""Batches as the deliver stage gets them, and what became of them."""

from __future__ import annotations

from collections import Counter
from typing import Any

from delivery import breaker, plans, sending
from delivery.providers.sandbox import switches  # noqa: F401  the sandbox's tables are there
from foundation.clock import now_ms
from foundation.redis import get_redis, key
from notifications.records import ChannelRecord, Outcome
from tests.delivery.channel_records import record
from tests.simulators.twilio import TwilioSimulator
from tests.simulators.webhook import WebhookSimulator

RESEND = ("critical", "high")


def sms(count: int = 1, **other: Any) -> list[ChannelRecord]:
    return [record(f"+49151{n:08}", channel="sms", **other) for n in range(count)]


def deliver(records: list[ChannelRecord], *, repeat: bool = False) -> sending.Delivered:
    now = now_ms()
    items = [(each, repeat) for each in records]
    return sending.deliver(records[0].channel, items, deadline=now + 10_000, started=now)


def accounts_used(delivered: sending.Delivered) -> Counter[str]:
    """How many each account took."""
    return Counter(each.provider for each in delivered.reports if isinstance(each, Outcome) and each.status == "sent")


def errors(delivered: sending.Delivered) -> Counter[str]:
    return Counter(each.error for failure in delivered.failures for each in failure.failed)


def counted(delivered: sending.Delivered, *, error: str = "") -> int:
    """How many attempts it cost; those that failed with `error` alone, where it is given."""
    failed = [each for failure in delivered.failures for each in failure.failed]
    return sum(each.counts for each in failed if error in ("", each.error))


def again(delivered: sending.Delivered) -> list[ChannelRecord]:
    """What the retry scheduler puts back on the topic, at once."""
    groups = [g for failure in delivered.failures for g in plans.plan(failure, now=now_ms(), resend_in_doubt=RESEND)]
    return [plans.again(group) for group in groups if isinstance(group.step, plans.Retry)]


def received(*by: WebhookSimulator) -> Counter[str]:
    """How often each send was taken, by all of these together."""
    return Counter(each.id for one in by for each in one.script.accepted())


def taken(provider: TwilioSimulator) -> Counter[str]:
    """How often each number was written to."""
    return Counter(each.address for each in provider.script.accepted())


def let_pass(account: str, **fields: int) -> None:
    """The breaker's waits are over, as if the time had passed."""
    name = key("breaker", account)
    kept: Any = get_redis().hgetall(name)
    if b"until" in kept:
        get_redis().hset(name, mapping={"until": 1, "trial": 0})
    get_redis().hset(name, mapping={"shut": 0, **fields})


def share(account: str) -> float:
    return breaker.state(account).share
