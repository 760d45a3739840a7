"""The client over gRPC: the same operations, the same answers, the same errors."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from notification_platform import (
    Accepted,
    AsyncClient,
    BadAnswer,
    Client,
    Event,
    Forbidden,
    InvalidRequest,
    NotFound,
    RateLimited,
    Retries,
    Unauthenticated,
    Unavailable,
    Unprocessable,
    Unreachable,
)
from notification_platform.over_grpc.messages import error_of

from tests.client import published
from tests.notifications.accepting import written
from tests.running import free_port

pytest.importorskip("notifications.grpc.serving", reason="the server has no gRPC here")

from tests.notifications.conftest import empty_log, fresh_process, log_options  # noqa: F401  fixtures
from tests.notifications.grpc.conftest import secret, start  # noqa: F401  fixtures

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

ONCE = Retries(attempts=1)
DATA = {"order_id": "ord_1", "items": 3, "paid": True, "notes": [None, "a\nb"]}


@pytest.fixture
async def target(fresh_process, empty_log, secret, start) -> str:  # noqa: F811
    server = await start()
    return f"127.0.0.1:{server.port}"


@pytest.fixture
async def client(target: str, secret: str):  # noqa: F811
    async with AsyncClient("http://127.0.0.1:1/api/v1", secret, grpc=target, retries=ONCE) as client:
        yield client


async def test_one_is_sent_and_asked_about(client):
    later = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    accepted = await client.send(
        "order_shipped", user="usr_42", data=DATA, priority="low", channels=["in_app"], schedule_at=later
    )
    assert accepted.estimated_channels == ["in_app"]
    found = await client.status(accepted.notification_id)
    assert (found.status, found.user_id, found.priority, found.schedule_at) == ("accepted", "usr_42", "low", later)
    assert [entry.status for entry in found.timeline] == ["accepted"]
    assert written()[0][1].data == DATA


async def test_the_blocking_client_does_the_same(client, target):
    def work() -> Accepted:
        with Client("http://127.0.0.1:1/api/v1", client._other._token, grpc=target, retries=ONCE) as blocking:
            return blocking.send("order_shipped", user="usr_42", idempotency_key="k")

    first = await asyncio.to_thread(work)
    assert await asyncio.to_thread(work) == first
    with pytest.raises(Unprocessable) as met:
        await client.send("order_shipped", user="usr_43", idempotency_key="k")
    assert met.value.code == "idempotency_mismatch"
    assert len(written()) == 1


async def test_many_and_a_batch_have_a_result_each(client):
    results = await client.send_many([Event(type="order_shipped", user="a"), Event(type="nope", user="b")])
    assert isinstance(results[0], Accepted)
    assert (results[1].code, results[1].field) == ("unknown_type", "notifications[1].type")
    async with client.batch() as batch:
        futures = [await batch.send("order_shipped", user=f"usr_{number}") for number in range(50)]
    assert len({(await future).notification_id for future in futures}) == 50


async def test_refusals_are_those_of_rest(client, target):
    with pytest.raises(InvalidRequest, match="Did you mean `order_shipped`") as met:
        await client.send("order_shiped", user="usr_42")
    assert (met.value.code, met.value.field, met.value.status) == ("unknown_type", "type", 400)
    with pytest.raises(NotFound):
        await client.status("notif_unknown")
    with pytest.raises(Forbidden):
        await client.send("order_shipped", user="usr_42", priority="critical")
    with pytest.raises(InvalidRequest):
        await client.send("order_shipped", user="usr_42", priority="urgent")
    async with AsyncClient(token="nps_wrong", grpc=target, retries=ONCE) as stranger:
        with pytest.raises(Unauthenticated):
            await stranger.send("order_shipped", user="usr_42")


async def test_nobody_there_is_unreachable_with_the_key():
    async with AsyncClient(token="t", grpc=f"127.0.0.1:{free_port()}", retries=ONCE, timeout_s=3) as client:
        with pytest.raises(Unreachable) as met:
            await client.send("order_shipped", user="usr_42")
    assert met.value.idempotency_key


@pytest.mark.parametrize(
    ("code", "kind"), [("UNAVAILABLE", Unreachable), ("DEADLINE_EXCEEDED", Unreachable), ("INTERNAL", BadAnswer)]
)
def test_a_code_without_details_is_nobodys_refusal(code, kind):
    assert isinstance(error_of(code, "why", None), kind)


def test_retry_after_travels():
    from foundation import errors
    from notifications.grpc.refusing import status_of

    for refusal, kind in ((errors.RateLimited, RateLimited), (errors.Unavailable, Unavailable)):
        details = status_of(refusal("Later.", retry_after=1.5)).SerializeToString()
        met = error_of("UNAVAILABLE", "", details)
        assert isinstance(met, kind)
        assert met.retry_after == 1.5


def test_the_stubs_are_the_servers():
    different = [
        path.name for path in published.stubs() if (published.STUBS / path.name).read_bytes() != path.read_bytes()
    ]
    assert different == [], "run: make client"
