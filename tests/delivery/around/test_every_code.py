"""Issue 5, section 6: every code in every provider's table has its named outcome, the retry that the priority asks for,
and its device or address is treated right. Pure; a provider that is added is found by itself."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest

from delivery import orders, plans, providers
from delivery.fates import Fates, Known, settle
from delivery.orders import Job
from delivery.plans import Group
from delivery.providers.port import Order
from delivery.retries import Drop, Fallback, Park, Retry, Step
from foundation.clock import now_ms
from foundation.errors import ProviderError
from notifications.records import ChannelRecord, Failure
from tests.delivery.channel_records import CONTENT, record

PRIORITIES = ("critical", "high", "normal", "low")
RESEND = ("critical", "high")
# What each class of the tree leads to, at the first attempt: a retry that counts, one that doesn't, or what parks it.
COUNTS, FREE = "retry", "free retry"
EXPECTED: dict[str, tuple[str, str, str, str]] = {
    "transient": (COUNTS, COUNTS, COUNTS, "exhausted"),
    "rate_limited": (FREE, FREE, FREE, FREE),
    "permanent_message": ("permanent", "fallback: permanent", "permanent", "permanent"),
    "permanent_address": ("invalid_address", "fallback: invalid_address", "invalid_address", "invalid_address"),
    "misconfigured": (FREE, FREE, FREE, FREE),
    "ambiguous": (COUNTS, COUNTS, "in_doubt", "in_doubt"),
}


def codes() -> Iterator[tuple[str, Any, type[ProviderError]]]:
    """Every provider's every code, with the class its table gives it."""
    for package in pkgutil.iter_modules(providers.__path__):
        if not package.ispkg or package.name == "sandbox":
            continue
        module = importlib.import_module(f"delivery.providers.{package.name}.codes")
        tables = [each for each in vars(module).values() if isinstance(each, dict)]
        found = [(code, kind) for table in tables for code, meaning in table.items() if (kind := kind_of(meaning))]
        assert found, f"{package.name} has no table of codes"
        for code, kind in found:
            yield package.name, code, kind


def kind_of(meaning: Any) -> type[ProviderError] | None:
    """The class of a row: a meaning's, or the row itself where a table says no more."""
    kind = meaning if isinstance(meaning, type) else getattr(meaning, "kind", None)
    return kind if kind is not None and issubclass(kind, ProviderError) else None


CODES = list(codes())


def failed(kind: type[ProviderError], priority: str, code: Any) -> tuple[ChannelRecord, Failure, Group]:
    channel_record = record("an-address", channel="push", priority=priority, expires_at=now_ms() + 600_000)
    (recipient,) = channel_record.recipients
    order = Order(
        send=recipient.sends[0],
        notification_id=recipient.id,
        user=recipient.user,
        channel="push",
        type="order_shipped",
        category="order_updates",
        priority=priority,
        content=CONTENT,
        attempt=1,
        deadline=now_ms() + 1_000,
    )
    job = Job(channel_record, recipient, order, "main", False)
    made = orders.failure_of(job, kind("a sentence", provider_code=str(code)))
    (failure,) = orders.failures([made], now_ms())
    (group,) = plans.plan(failure, now=now_ms(), resend_in_doubt=RESEND)
    return channel_record, failure, group


def word(step: Step) -> str:
    match step:
        case Retry(counted=counted):
            return COUNTS if counted else FREE
        case Fallback(reason=reason):
            return f"fallback: {reason}"
        case Park(reason=reason) | Drop(reason=reason):
            return reason


def test_there_are_tables():
    assert {name for name, _, _ in CODES} == {"apns", "fcm", "ses", "smtp", "twilio", "webhook", "webpush"}


@pytest.mark.parametrize(("provider", "code", "kind"), CODES, ids=[f"{name}-{code}" for name, code, _ in CODES])
def test_a_code_has_its_outcome_the_prioritys_retry_and_its_address_is_treated_right(provider, code, kind):
    for priority, expected in zip(PRIORITIES, EXPECTED[kind.kind], strict=True):
        _, failure, group = failed(kind, priority, code)
        assert word(group.step) == expected, (priority, kind)
        counted = getattr(group.step, "counted", True)
        assert counted == (kind.kind not in ("rate_limited", "misconfigured"))
        dead = Fates(repeat=False, now=now_ms())
        if priority == "normal":
            settle(failure, group, Known({}, {}), dead)
            gone = [each.address for each in dead.dead_addresses]
            assert gone == (["an-address"] if kind.kind == "permanent_address" else [])


def test_every_class_of_the_tree_is_expected_here():
    assert {kind.kind for kind in ProviderError.__subclasses__()} == set(EXPECTED)


def test_a_retry_knows_who_refused_and_forgets_who_may_have_taken_it():
    for kind in ProviderError.__subclasses__():
        _, _, group = failed(kind, "critical", "x")
        if isinstance(group.step, Retry):
            assert plans.again(group).refused_by == ([] if kind.kind == "ambiguous" else ["main"])
