"""The fake refuses what the server refuses: one table of bodies through both, and the same status, code and field."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from django.test import Client as DjangoClient
from notification_platform import (
    Client,
    Conflict,
    Event,
    Forbidden,
    InvalidRequest,
    NotConfigured,
    NotFound,
    Unavailable,
    Unprocessable,
)
from notification_platform.testing import FakePlatform, FakeType
from notification_platform.testing.platform import ADDRESS

from notifications.credentials import create_token
from tests.client import published
from tests.notifications.accepting import make_type
from tests.notifications.api.calling import EVENT
from tests.notifications.api.test_sending import BAD, raw_data, with_event
from tests.notifications.conftest import empty_log, fresh_process, log_options  # noqa: F401  fixtures

SCOPES = ("notifications:send", "notifications:read")
TYPES = [
    FakeType("order_shipped", "order_updates", "high", ("in_app", "push", "email")),
    FakeType("login_code", "security", "critical", ("sms",)),
    FakeType("newsletter", "marketing", "low", ("email",)),
]
MAY_SEND = ("order_shipped", "login_code")


def at(**ahead: float) -> str:
    return (datetime.now(UTC) + timedelta(**ahead)).isoformat()


MORE = {
    "plain": with_event(),
    "all there is": with_event(priority="low", channels=["push", "push"], expires_at=at(hours=1), collapse_key="k"),
    "explicit nothing": with_event(priority=None, channels=None, schedule_at=None, expires_at=None, collapse_key=None),
    "line breaks and tabs in data": raw_data(rb'"a\nb\tc"'),
    "a line break in a name": b'{"type":"order_shipped","target":{"type":"user","user_id":"u"},"data":{"a\\nb":1}}',
    "another script": with_event(data={"name": "Ελλάδα 🎉"}),
    "whole numbers at the edge": raw_data(b"9223372036854775807"),
    "whole numbers beyond it": raw_data(b"9223372036854775808"),
    "32 levels": raw_data(b"[" * 30 + b"]" * 30),
    "33 levels": raw_data(b"[" * 31 + b"]" * 31),
    "34 levels": raw_data(b"[" * 32 + b"]" * 32),
    "a long user": with_event(target={"type": "user", "user_id": "u" * 128}),
    "too long a user": with_event(target={"type": "user", "user_id": "u" * 129}),
    "too long a type": with_event(type="t" * 65),
    "an empty type": with_event(type=""),
    "a type with a line break": with_event(type="order\nshipped"),
    "another type": with_event(type="newsletter"),
    "a priority above the type's": with_event(priority="critical"),
    "a critical type": with_event(type="login_code"),
    "lowered": with_event(type="login_code", priority="high"),
    "schedule": with_event(schedule_at=at(days=1)),
    "schedule too far": with_event(schedule_at=at(days=400)),
    "schedule that is no time": with_event(schedule_at="tomorrow"),
    "schedule as a number": with_event(schedule_at=1_800_000_000),
    "expires in the past": with_event(expires_at=at(hours=-1)),
    "expires before it is sent": with_event(schedule_at=at(days=1), expires_at=at(hours=1)),
    "an empty collapse key": with_event(collapse_key=""),
    "too long a collapse key": with_event(collapse_key="k" * 65),
    "an empty key": with_event(idempotency_key=""),
    "nine channels": with_event(channels=["push"] * 9),
    "data of null": with_event(data=None),
    "null as the body": b"null",
    "a string as the body": b'"order_shipped"',
}
BODIES = {name: body for name, (body, _, _) in BAD.items()} | MORE


def told(status: int, content: bytes) -> tuple[object, ...]:
    """What has to be the same."""
    body = json.loads(content)
    return (status, body.get("code"), body.get("field"), body.get("status"), body.get("estimated_channels"))


def same(real: tuple[object, ...], faked: tuple[object, ...]) -> bool:
    """Whether both say the same; where the server can only say in what the flaw lies, the fake may know better."""
    (_, _, within, *_), (_, _, at, *_) = real, faked
    if isinstance(within, str) and isinstance(at, str) and within.endswith("[...]"):
        return real[:2] == faked[:2] and at.startswith(within.removesuffix("[...]"))
    return real == faked


@pytest.fixture
def fake() -> FakePlatform:
    return FakePlatform(TYPES, scopes=SCOPES, may_send=MAY_SEND)


def ask_fake(fake: FakePlatform, path: str, body: bytes) -> tuple[object, ...]:
    headers = {"Authorization": f"Bearer {fake.token}", "Content-Type": "application/json"}
    answer = fake.answer(httpx.Request("POST", f"{ADDRESS}/{path}", content=body, headers=headers))
    return told(answer.status_code, answer.content)


@pytest.fixture
def ask_real(db, request: pytest.FixtureRequest):
    for name in ("fresh_process", "empty_log"):
        request.getfixturevalue(name)
    for its in TYPES:
        make_type(its.name, category=its.category, priority=its.priority, channels=list(its.channels))
    secret, _ = create_token(name="orders", scopes=SCOPES, types=MAY_SEND)

    def ask(path: str, body: bytes) -> tuple[object, ...]:
        answer = DjangoClient().post(
            f"/api/v1/{path}", body, content_type="application/json", headers={"Authorization": f"Bearer {secret}"}
        )
        return told(answer.status_code, answer.content)

    return ask


def test_every_body_is_answered_as_the_server_answers_it(ask_real, fake):
    different = {
        name: (real, faked)
        for name, body in BODIES.items()
        if not same(real := ask_real("notifications", body), faked := ask_fake(fake, "notifications", body))
    }
    assert not different, "\n".join(f"{name}: {each}" for name, each in different.items())


@pytest.mark.parametrize("count", [0, 1, 1_000, 1_001])
def test_batches_are_taken_to_the_same_size(ask_real, fake, count):
    body = json.dumps({"notifications": [EVENT] * count}).encode()
    assert ask_fake(fake, "notifications/batch", body) == ask_real("notifications/batch", body)


def test_the_schema_it_refuses_by_is_the_one_the_server_publishes(db):
    assert published.SCHEMA.read_text() == published.text(), "run: make client"


class TestAsOnesOwnTestsUseIt:
    def test_it_keeps_what_was_sent_and_sends_nothing(self, fake):
        with fake.client() as client:
            accepted = client.send("order_shipped", user="usr_42", data={"tracking_number": "TR1"}, channels=["push"])
            assert client.status(accepted.notification_id).status == "accepted"
        [sent] = fake.sent
        assert (sent.type, sent.user, sent.data) == ("order_shipped", "usr_42", {"tracking_number": "TR1"})
        assert accepted.estimated_channels == ["push"]

    def test_it_refuses_with_the_clients_own_errors(self, fake):
        with fake.client() as client:
            with pytest.raises(InvalidRequest, match="Did you mean `order_shipped`"):
                client.send("order_shiped", user="usr_42")
            with pytest.raises(Forbidden):
                client.send("newsletter", user="usr_42")
            with pytest.raises(NotFound):
                client.status("notif_unknown")
        assert fake.sent == []

    def test_nothing_to_send_is_no_call(self, fake):
        with fake.client() as client:
            assert client.send_many([]) == []

    @pytest.mark.parametrize("key", ["", "k" * 256, "größe", "a\nb"])
    def test_a_key_that_cannot_travel_is_refused_here(self, fake, key):
        with fake.client() as client, pytest.raises(InvalidRequest) as met:
            client.send("order_shipped", user="usr_42", idempotency_key=key)
        assert met.value.field == "Idempotency-Key"
        assert fake.sent == []

    @pytest.mark.parametrize("api", ["localhost:8000", "ftp://x", "http://", "http://a:b"])
    def test_an_address_that_is_none_is_told(self, api):
        with pytest.raises(NotConfigured):
            Client(api, "t")

    @pytest.mark.parametrize("token", ["", "a b", "a\nb", "ä"])
    def test_a_token_that_is_none_is_told(self, token, monkeypatch):
        monkeypatch.delenv("NOTIFY_TOKEN", raising=False)
        with pytest.raises(NotConfigured):
            Client("http://localhost:1", token)

    def test_outcomes_are_the_tests_to_give(self, fake):
        with fake.client() as client:
            id = client.send("order_shipped", user="usr_42").notification_id
            fake.end(id, email="delivered", push="dropped")
            found = client.wait(id)
        assert (found.status, found.channels["push"].status) == ("delivered", "dropped")

    def test_it_can_be_away(self, fake):
        fake.be_away()
        with fake.client() as client:
            client.send("order_shipped", user="usr_42")
            fake.be_away(100)
            with pytest.raises(Unavailable):
                client.send("order_shipped", user="usr_42")
        assert len(fake.sent) == 1

    def test_a_key_sends_once(self, fake):
        with fake.client() as client:
            first = client.send("order_shipped", user="usr_42", idempotency_key="k")
            assert client.send("order_shipped", user="usr_42", idempotency_key="k") == first
            with pytest.raises(Unprocessable):
                client.send("order_shipped", user="usr_43", idempotency_key="k")
        assert len(fake.sent) == 1

    def test_what_is_scheduled_can_be_cancelled(self, fake):
        with fake.client() as client:
            id = client.send("order_shipped", user="u", schedule_at=datetime.now(UTC) + timedelta(1)).notification_id
            assert {each.channel for each in client.cancel(id).channels} == {"in_app", "push", "email"}
            with pytest.raises(Conflict):
                client.cancel(client.send("order_shipped", user="u").notification_id)

    async def test_with_asyncio_and_in_batches(self, fake):
        async with fake.async_client() as client, client.batch() as batch:
            futures = [await batch.send("order_shipped", user=f"usr_{number}") for number in range(5)]
            assert [await future for future in futures]
            good, bad = await client.send_many([Event(type="order_shipped", user="a"), Event(type="nope", user="a")])
        assert good.status == "accepted"
        assert bad.field == "notifications[1].type"
        assert len(fake.sent) == 6
