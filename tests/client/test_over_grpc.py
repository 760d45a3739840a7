"""The client over gRPC: the same operations, the same answers, the same errors."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import grpc
import grpc.aio
import pytest
from django.db import connections
from notification_platform import (
    Accepted,
    AsyncClient,
    BadAnswer,
    Client,
    Event,
    Forbidden,
    InvalidRequest,
    NotConfigured,
    NotFound,
    RateLimited,
    Retries,
    Unauthenticated,
    Unavailable,
    Unprocessable,
    Unreachable,
)
from notification_platform.over_grpc import notification_service_pb2 as pb
from notification_platform.over_grpc.messages import error_of

from notifications.broadcasts.models import Broadcast
from notifications.credentials import create_token
from tests.client import published
from tests.notifications.accepting import written
from tests.notifications.broadcasts.segments import make_news, make_users
from tests.running import free_port
from tests.simulators.certificates import certificate

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


# --- broadcasts


@pytest.fixture
def marketer() -> str:
    make_news()
    make_users(3)
    return create_token(name="marketer", kind="admin", scopes=["broadcast"])[0]


async def test_a_broadcast_is_started_once_under_its_key(target, marketer):
    tomorrow = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    asked = {
        "segment": "everybody",
        "data": {"title": "New", "body": "Look"},
        "rate": 500,
        "strategy": "round_robin",
        "name": "Dark mode",
        "schedule_at": tomorrow,
        "local_time": "09:30",
        "repeats": "monthly",
        "canary": {"percent": 5, "hold_s": 60},
        "idempotency_key": "k",
    }
    async with AsyncClient("http://127.0.0.1:1/api/v1", marketer, grpc=target, retries=ONCE) as client:
        started = [await client.broadcasts.start("platform_announcement", **asked) for _ in range(2)]
        with pytest.raises(InvalidRequest) as met:
            await client.broadcasts.start("platform_announcement", segment="everybodyy")
    assert started[0] == started[1]
    assert started[0].estimated_recipients == 3
    assert (met.value.code, met.value.field) == ("unknown_segment", "target.segment")
    row = await asyncio.to_thread(the_broadcast, started[0].broadcast_id)
    kept = (row.rate, row.name, row.local_time, row.repeats, row.schedule_at)
    assert kept == (500, "Dark mode", "09:30", "monthly", int(tomorrow.timestamp() * 1000))
    assert (row.canary["percent"], row.canary["hold_s"]) == (5, 60)


def the_broadcast(id: str) -> Broadcast:
    try:
        return Broadcast.objects.get(pk=id)
    finally:
        connections.close_all()


# --- TLS


async def test_over_tls_with_the_servers_ca(fresh_process, empty_log, secret, start, monkeypatch):  # noqa: F811
    its = certificate()
    server = await start(certificate=str(its.cert_file), key=str(its.key_file))
    there = {"token": secret, "grpc": f"127.0.0.1:{server.port}", "retries": ONCE, "timeout_s": 20}
    own = grpc.ssl_channel_credentials(its.ca_file.read_bytes())
    for tls in (its.ca_file, str(its.ca_file), own):
        async with AsyncClient(**there, grpc_tls=tls) as client:
            await client.send("order_shipped", user="usr_42")

    def work() -> None:
        with Client(**there) as blocking:
            blocking.send("order_shipped", user="usr_42")

    monkeypatch.setenv("NOTIFY_GRPC_TLS", str(its.ca_file))
    await asyncio.to_thread(work)
    monkeypatch.delenv("NOTIFY_GRPC_TLS")
    assert len(written()) == 4
    for tls in (None, "system"):  # in clear text, or trusting others
        async with AsyncClient(**there, grpc_tls=tls) as client:
            with pytest.raises(Unreachable):
                await client.send("order_shipped", user="usr_42")


def test_a_ca_that_cant_be_read_is_told(tmp_path):
    with pytest.raises(NotConfigured, match="PEM"):
        Client(token="t", grpc="127.0.0.1:1", grpc_tls=tmp_path / "none.pem")


# --- a server that lies


class Lies:
    """A gRPC server whose methods answer with what `answer` gives."""

    def __init__(self, answer: bytes | None, *, slow_s: float = 0.0) -> None:
        self._answer, self._slow_s = answer, slow_s
        self.asked = 0

    def service(self, details: object) -> object:
        streamed = details.method.endswith("SendBatch")
        return grpc.stream_stream_rpc_method_handler(self.stream) if streamed else self._unary()

    def _unary(self) -> object:
        async def answer(request: bytes, context: object) -> bytes:
            self.asked += 1
            await asyncio.sleep(self._slow_s)
            return self._answer or b""

        return grpc.unary_unary_rpc_method_handler(answer)

    async def stream(self, requests: object, context: object) -> None:
        self.asked += 1
        if self._answer is not None:
            await context.write(self._answer)


@asynccontextmanager
async def lying(lies: Lies):
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((lies,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield f"127.0.0.1:{port}"
    await server.stop(None)


def calling(target: str) -> AsyncClient:
    return AsyncClient(token="t", grpc=target, retries=ONCE, timeout_s=2)


ANOTHER = pb.SendResponse(status="accepted").SerializeToString()  # with no id
SHORT = pb.SendBatchResponse(accepted=2).SerializeToString()  # with no results


@pytest.mark.parametrize("answer", [b"\xff\xff rubbish", ANOTHER, b""], ids=["rubbish", "without an id", "nothing"])
async def test_rubbish_is_told_as_such(answer):
    async with lying(Lies(answer)) as target, calling(target) as client:
        with pytest.raises(BadAnswer) as met:
            await client.send("order_shipped", user="usr_42")
    assert met.value.idempotency_key


async def test_rubbish_is_told_as_such_to_the_blocking_client_too():
    def work(target: str) -> None:
        with Client(token="t", grpc=target, retries=ONCE, timeout_s=2) as client:
            client.send("order_shipped", user="usr_42")

    async with lying(Lies(b"\xff\xff rubbish")) as target:
        with pytest.raises(BadAnswer):
            await asyncio.to_thread(work, target)


@pytest.mark.parametrize(("answer", "kind"), [(None, Unreachable), (SHORT, BadAnswer), (b"\xff\xff", BadAnswer)])
async def test_a_stream_that_ends_early_or_with_rubbish_is_told_as_such(answer, kind):
    async with lying(Lies(answer)) as target, calling(target) as client:
        with pytest.raises(kind):
            await client.send_many([Event(type="order_shipped", user="a"), Event(type="order_shipped", user="b")])


async def test_a_slow_answer_ends_in_time_with_the_key_to_go_on_with():
    async with lying(Lies(ANOTHER, slow_s=30)) as target, calling(target) as client:
        with pytest.raises(Unreachable) as met:
            await client.send("order_shipped", user="usr_42")
    assert met.value.idempotency_key


async def test_a_server_that_speaks_something_else_is_unreachable():
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.com ESMTP\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with AsyncClient(token="t", grpc=f"127.0.0.1:{port}", retries=ONCE, timeout_s=1) as client:
            with pytest.raises(Unreachable):
                await client.send("order_shipped", user="usr_42")


def test_the_stubs_are_the_servers():
    different = [
        path.name for path in published.stubs() if (published.STUBS / path.name).read_bytes() != path.read_bytes()
    ]
    assert different == [], "run: make client"
