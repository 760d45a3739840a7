"""What a sender is told about a notification: statuses, reasons in words, every attempt."""

from __future__ import annotations

import msgspec
import pytest

from delivery.tracking import fold
from foundation.clock import to_rfc3339
from notifications import timeline, words
from notifications.api.status import NotificationStatus
from notifications.records import Decision
from notifications.status import STATUSES, notification_bucket
from tests.delivery.reports_of import NOW, attempting, decision, event, outcome, receipt, verdict


def told(*reports):
    _, cells = fold(reports, {})
    answer = timeline.told([report for report in reports if isinstance(report, Decision)], list(cells.values()))
    msgspec.convert(answer, NotificationStatus)  # what /api/docs says of it
    return answer


def test_before_routing_it_is_accepted():
    answer = timeline.accepted(event("n1"), "n1")
    assert (answer["status"], answer["user_id"], answer["channels"]) == ("accepted", "u1", {})
    assert answer["timeline"] == [
        {"at": to_rfc3339(NOW - 5), "status": "accepted", "meaning": "Accepted and kept; not decided yet."}
    ]


def test_the_event_is_shown_as_it_was_accepted():
    assert told(decision("n1", verdict("push")))["event"] == {
        "type": "order_shipped",
        "priority": "high",
        "target": {"type": "user", "user_id": "u1"},
        "data": {"order": "A-17"},
        "channels": None,
        "schedule_at": None,
        "expires_at": None,
    }


def test_each_channel_has_its_status_and_why():
    answer = told(
        decision(
            "n1",
            verdict("in_app"),
            verdict("push"),
            verdict("sms", "drop", reason="opted_out", setting="default sms/off"),
            verdict("email", "defer", reason="quiet_hours", detail="The user's quiet hours are on.", due=NOW + 60_000),
        ),
        outcome("n1", "in_app"),
        attempting("n1", "push"),
    )
    statuses = {channel: told["status"] for channel, told in answer["channels"].items()}
    assert statuses == {"in_app": "sent", "push": "attempting", "sms": "dropped", "email": "deferred"}
    assert answer["status"] == "in_flight"
    assert answer["channels"]["sms"]["detail"] == "The user has turned this off."
    assert answer["channels"]["sms"]["setting"] == "default sms/off"
    assert answer["channels"]["email"]["detail"] == "The user's quiet hours are on."
    assert answer["channels"]["email"]["due_at"] == to_rfc3339(NOW + 60_000)


def test_the_timeline_holds_every_attempt_in_order():
    answer = told(
        receipt("n1", "email", "opened", at=NOW + 9_000),
        outcome("n1", "email", attempt=2, at=NOW + 5_000, started_at=NOW + 4_960, provider="ses", provider_id="m-1"),
        outcome("n1", "email", "failed", attempt=1, error="transient", due=NOW + 4_000),
        decision("n1", verdict("email")),
    )
    way = [(entry["status"], entry.get("attempt")) for entry in answer["timeline"]]
    assert way == [("accepted", None), ("pending", None), ("failed", 1), ("sent", 2), ("opened", None)]
    failed, sent = answer["timeline"][2], answer["timeline"][3]
    assert failed["detail"] == "The provider couldn't take it just then."
    assert failed["due_at"] == to_rfc3339(NOW + 4_000)
    assert (sent["provider"], sent["provider_id"], sent["took_ms"]) == ("ses", "m-1", 40)
    assert answer["channels"]["email"]["status"] == "opened"


def test_a_fallback_adds_its_channel():
    answer = told(
        decision("n1", verdict("push")),
        outcome("n1", "push", "parked", send="", reason="fell_back_to", detail="email"),
        decision("n1", verdict("email"), resumed="fallback", only=["email"]),
        outcome("n1", "email"),
    )
    assert {channel: told["status"] for channel, told in answer["channels"].items()} == {
        "push": "parked",
        "email": "sent",
    }
    assert answer["status"] == "delivered"
    assert answer["timeline"][2].get("resumed") == "fallback"


@pytest.mark.parametrize(
    ("deliveries", "whole"),
    [
        (["delivered", "in_flight", "dropped"], "in_flight"),
        (["delivered", "dropped", "parked"], "delivered"),
        (["dropped", "parked"], "parked"),
        (["dropped"], "dropped"),
        ([], "dropped"),
    ],
)
def test_a_notification_stands_once_in_the_ledger(deliveries: list[str], whole: str):
    assert notification_bucket(deliveries) == whole


def test_every_status_and_every_reason_has_its_sentence():
    from delivery import retries

    assert set(words.STATUS) == set(STATUSES)
    reasons = {*retries.PERMANENT.values(), retries.EXHAUSTED, retries.IN_DOUBT, retries.EXPIRED, retries.FELL_BACK}
    known = {*words.DROPPED, *words.PARKED, *words.DEFERRED}
    assert reasons <= known
    of_contact_points = "no_address invalid_address suppressed erased"
    drops = f"opted_out rate_limited expired cancelled no_template duplicate {of_contact_points}"
    assert set(drops.split()) <= set(words.DROPPED)
    assert words.sentence("something_new") == "Something new."
