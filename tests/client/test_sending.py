"""One notification, many, a batch that fills itself: through the real server, by both clients."""

from __future__ import annotations

import asyncio
from concurrent.futures import wait
from datetime import UTC, datetime, timedelta

import pytest
from notification_platform import Accepted, Event, InvalidRequest, NotFound, Unprocessable

from tests.notifications.accepting import written

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

DATA = {"order_id": "ord_abc123", "tracking_number": "TR1"}


def test_one_is_sent_and_can_be_asked_about(client):
    accepted = client.send("order_shipped", user="usr_42", data=DATA)
    assert accepted.estimated_channels == ["in_app", "push", "email"]
    found = client.status(accepted.notification_id)
    assert (found.status, found.user_id, found.event["data"]) == ("accepted", "usr_42", DATA)
    assert [event.recipients[0].id for _, event, _ in written()] == [accepted.notification_id]


async def test_one_is_sent_with_asyncio(async_client):
    accepted = await async_client.send("order_shipped", user="usr_42", data=DATA)
    assert (await async_client.status(accepted.notification_id)).event["data"] == DATA


def test_all_fields_arrive(client):
    later = datetime.now(UTC) + timedelta(days=1)
    accepted = client.send(
        "order_shipped",
        user="usr_42",
        data=DATA,
        priority="low",
        channels=["push"],
        schedule_at=later,
        expires_at=later + timedelta(hours=1),
        collapse_key="order",
    )
    found = client.status(accepted.notification_id)
    assert (found.priority, found.event["channels"], found.event["collapse_key"]) == ("low", ["push"], "order")
    assert abs(found.schedule_at - later) < timedelta(milliseconds=2)
    assert abs(found.expires_at - later) < timedelta(hours=1, milliseconds=2)


def test_a_key_of_ones_own_sends_once(client):
    first = client.send("order_shipped", user="usr_42", data=DATA, idempotency_key="shipment-7")
    assert client.send("order_shipped", user="usr_42", data=DATA, idempotency_key="shipment-7") == first
    with pytest.raises(Unprocessable) as met:
        client.send("order_shipped", user="usr_43", data=DATA, idempotency_key="shipment-7")
    assert met.value.code == "idempotency_mismatch"
    assert len(written()) == 1


def test_a_refusal_names_field_and_remedy(client):
    with pytest.raises(InvalidRequest, match="Did you mean `order_shipped`") as met:
        client.send("order_shiped", user="usr_42")
    error = met.value
    assert (error.status, error.code, error.field) == (400, "unknown_type", "type")
    assert "types add" in error.remedy


@pytest.mark.parametrize("id", ["notif_unknown", "a/b", "ä?#"])
def test_what_does_not_exist_is_not_found(client, id):
    with pytest.raises(NotFound):
        client.status(id)


@pytest.mark.parametrize("id", ["", ".", ".."])
def test_what_leads_elsewhere_is_refused_here(client, id):
    with pytest.raises(InvalidRequest):
        client.cancel(id)


def test_a_time_without_zone_is_refused_here(client):
    with pytest.raises(InvalidRequest, match="no time zone"):
        client.send("order_shipped", user="usr_42", schedule_at=datetime(2031, 1, 1))


def test_what_json_cannot_hold_is_refused_here(client):
    with pytest.raises(InvalidRequest) as met:
        client.send("order_shipped", user="usr_42", data={"at": object()})
    assert met.value.field == "data"


class TestMany:
    def test_a_result_for_each_in_order_over_several_calls(self, client):
        events = [Event(type="order_shipped", user=f"usr_{number}") for number in range(1_100)]
        events[1_050] = Event(type="nope", user="usr_1050")
        results = client.send_many(events)
        assert len(results) == 1_100
        assert isinstance(results[1_050], InvalidRequest)
        by_id = {event.recipients[0].id: event.recipients[0].user for _, event, _ in written()}
        told = [by_id[result.notification_id] for result in results if isinstance(result, Accepted)]
        assert told == [event.user for event in events if event.type == "order_shipped"]


class TestBatch:
    def test_it_fills_itself(self, client):
        with client.batch(within_s=0.02) as batch:
            futures = [batch.send("order_shipped", user=f"usr_{number}") for number in range(1_500)]
            bad = batch.send("nope", user="usr_0")
        assert isinstance(bad.exception(), InvalidRequest)
        by_id = {event.recipients[0].id: event.recipients[0].user for _, event, _ in written()}
        assert [by_id[future.result().notification_id] for future in futures] == [f"usr_{n}" for n in range(1_500)]

    def test_a_single_event_does_not_wait_for_others(self, client):
        with client.batch() as batch:
            assert wait([batch.send("order_shipped", user="usr_42")], timeout=10).not_done == set()

    def test_after_its_end_it_takes_nothing(self, client):
        with client.batch() as batch:
            pass
        with pytest.raises(RuntimeError):
            batch.send("order_shipped", user="usr_42")

    async def test_it_fills_itself_with_asyncio(self, async_client):
        async with async_client.batch(within_s=0.02) as batch:
            futures = [await batch.send("order_shipped", user=f"usr_{number}") for number in range(1_500)]
            bad = await batch.send("nope", user="usr_0")
        results = await asyncio.gather(*futures)
        assert isinstance(bad.exception(), InvalidRequest)
        by_id = {event.recipients[0].id: event.recipients[0].user for _, event, _ in written()}
        assert [by_id[result.notification_id] for result in results] == [f"usr_{n}" for n in range(1_500)]
