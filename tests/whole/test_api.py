"""A service developer's view: sent, asked about, repeated, with Redis emptied in between (contract §2)."""

from __future__ import annotations

from typing import Any

import pytest

from foundation.clock import now_ms
from foundation.identifiers import send_id
from notifications import reports
from notifications.records import Receipt
from notifications.store import get_store
from tests.notifications.api.calling import Caller, assert_problem
from tests.pipeline import Pipeline
from tests.whole.conftest import make_type, make_user
from tests.whole.looking import assert_accounted_for, ends, inbox, outbox

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

BODY = {"type": "order_shipped", "target": {"type": "user", "user_id": "usr_42"}, "data": {"order": "A1"}}


@pytest.fixture
def service(pipeline: Pipeline) -> Caller:
    make_type("order_shipped", channels=["in_app", "email"], priority="high")
    make_user("usr_42", email="ann@example.com")
    return Caller("notifications:send", "notifications:read", "sandbox:read")


def post(service: Caller, key: str = "", **fields: Any) -> Any:
    return service.post("notifications", BODY | fields, **({"Idempotency_Key": key} if key else {}))


def statuses(service: Caller, id: str) -> dict[str, str]:
    told = service.get(f"notifications/{id}").json()
    return {name: its["status"] for name, its in told["channels"].items()}


def test_it_can_be_asked_about_at_once_and_all_along(pipeline: Pipeline, service: Caller, redis: Any):
    answer = post(service)
    assert answer.status_code == 202
    id = answer.json()["notification_id"]
    assert answer["Location"] == f"/api/v1/notifications/{id}"
    first = service.get(f"notifications/{id}").json()
    assert (first["status"], first["channels"]) == ("accepted", {})
    redis.flushdb()
    assert service.get(f"notifications/{id}").json() == first

    pipeline.run()
    told = service.get(f"notifications/{id}").json()
    assert told["status"] == "delivered"
    assert [entry["status"] for entry in told["timeline"] if entry.get("channel") != "in_app"] == [
        "accepted",
        "pending",
        "sent",
    ]
    assert told["event"]["data"] == {"order": "A1"}
    (message,) = service.get(f"sandbox/outbox?user_id=usr_42&notification_id={id}").json()["messages"]
    assert (message["channel"], message["address"], message["body"]) == ("email", "ann@example.com", "A1 left us.")
    assert_problem(Caller("notifications:read").get(f"notifications/{id}"), 404)


class TestIdempotency:
    def test_the_same_key_gets_the_first_answer_also_when_redis_has_forgotten(
        self, pipeline: Pipeline, service: Caller, redis: Any
    ):
        first = post(service, "k1").json()
        before = ends()
        assert post(service, "k1").json() == first
        assert ends() == before
        pipeline.run()
        redis.flushdb()
        assert post(service, "k1").json() == first
        assert_problem(post(service, "k1", data={"order": "B2"}), 422)
        pipeline.run()
        assert inbox("usr_42") == [first["notification_id"]]
        assert_accounted_for()

    def test_two_that_slip_through_are_seen_by_the_router(self, pipeline: Pipeline, service: Caller, redis: Any):
        first = post(service, "k1").json()["notification_id"]
        redis.flushdb()  # and nothing was routed yet: nobody remembers the key
        again = post(service, "k1").json()["notification_id"]
        assert again != first
        pipeline.run()
        told = service.get(f"notifications/{again}").json()
        assert {its["reason"] for its in told["channels"].values()} == {"duplicate"}
        assert told["channels"]["in_app"]["setting"] == first
        assert inbox("usr_42") == [first]
        assert outbox(first) == {"ann@example.com": (1, 1)}
        assert outbox(again) == {}
        assert_accounted_for()

    def test_a_batch_repeated_is_the_same_batch(self, pipeline: Pipeline, service: Caller, redis: Any):
        body = {"notifications": [BODY | {"data": {"order": f"A{n}"}} for n in range(5)] + [BODY | {"type": "nope"}]}
        first = service.post("notifications/batch", body, Idempotency_Key="b1").json()
        pipeline.run()
        redis.flushdb()
        again = service.post("notifications/batch", body, Idempotency_Key="b1").json()
        assert again == first
        pipeline.run()
        assert len(inbox("usr_42")) == 5
        assert_accounted_for()


def test_receipts_late_repeated_and_in_any_order_never_take_a_status_back(pipeline: Pipeline, service: Caller):
    id = post(service).json()["notification_id"]
    pipeline.run()
    send = next(cell.send for cell in get_store().timelines([id])[id] if cell.channel == "email" and cell.send)
    seen = []
    for status in ("clicked", "delivered", "opened", "delivered", "bounced", "clicked"):
        reports.produce([Receipt(id=id, user="usr_42", channel="email", status=status, send=send, at=now_ms())])
        pipeline.run()
        seen.append(statuses(service, id)["email"])
    assert seen == ["clicked"] * 6
    told = service.get(f"notifications/{id}").json()
    kinds = [entry["status"] for entry in told["timeline"] if entry.get("channel") == "email"]
    assert sorted(kinds) == sorted(["pending", "sent", "clicked", "delivered", "opened", "bounced"])
    assert_accounted_for()


def test_a_receipt_before_its_outcome_and_before_its_decision(pipeline: Pipeline, service: Caller):
    id = post(service).json()["notification_id"]
    send = send_id(id, "email", "ann@example.com")
    reports.produce([Receipt(id=id, user="usr_42", channel="email", status="opened", send=send, at=now_ms())])
    pipeline.run()
    assert statuses(service, id) == {"in_app": "sent", "email": "opened"}
    assert_accounted_for()


def test_a_mixed_batch_goes_through_but_for_its_bad_ones(pipeline: Pipeline, service: Caller):
    bad = [BODY | {"type": "order_shiped"}, BODY | {"prio": 1}, BODY | {"schedule_at": "2020-01-01T00:00:00Z"}]
    answer = service.post("notifications/batch", {"notifications": [BODY, *bad, BODY]})
    assert answer.status_code == 202
    results = answer.json()["results"]
    assert [result.get("status") for result in results] == ["accepted", "refused", "refused", "refused", "accepted"]
    pipeline.run()
    assert len(inbox("usr_42")) == 2
    assert_accounted_for()
