"""The sandbox's providers: what they answer, what they keep, and who may look."""

from __future__ import annotations

import pytest
from django.test import Client

from delivery import sending
from delivery.providers.registry import REGISTRY, account_of, accounts_of, get_provider
from delivery.providers.sandbox import behaviour, outbox, switches
from delivery.providers.sandbox.models import OutboxMessage
from foundation.clock import now_ms
from foundation.errors import InvalidRequest, ProviderError
from notifications.credentials import create_token, make_user_token
from tests.delivery.channel_records import record

servers = pytest.mark.usefixtures("servers")
databases = pytest.mark.django_db(transaction=True, databases=["default", "store", "sandbox"])


@pytest.mark.parametrize(
    ("address", "attempt", "mode"),
    [
        ("ann@example.com", 1, "ok"),
        ("transient@example.com", 9, "transient"),
        ("ann+permanent@example.com", 1, "permanent"),
        ("ann@invalid.example.com", 1, "ok"),
        ("token-invalid-7", 1, "invalid"),
        ("token-aninvalidated", 1, "ok"),
        ("ratelimited@example.com", 1, "rate_limited"),
        ("timeout-after-accept@example.com", 1, "ambiguous"),
        ("fails-2-times@example.com", 2, "transient"),
        ("fails-2-times@example.com", 3, "ok"),
        ("+15005550001", 1, "invalid"),
        ("+15005550007", 2, "transient"),
        ("+15005550007", 3, "ok"),
        ("+4915112345678", 1, "ok"),
    ],
)
def test_an_address_says_what_happens(address, attempt, mode):
    assert behaviour.mode_of(address, attempt) == mode


def test_every_mode_has_an_answer():
    for mode in set(behaviour.MODES) - {behaviour.OK, behaviour.SLOW}:
        assert isinstance(behaviour.error_of(mode), ProviderError)


def test_every_account_can_be_had_and_serves_its_channel():
    for name in REGISTRY:
        provider = get_provider(name)
        assert (provider.name, name in accounts_of(provider.channel)) == (name, True)
    assert account_of("push", "web") in REGISTRY


@databases
@servers
class TestOutbox:
    def deliver(self, *records):
        now = now_ms()
        items = [(each, False) for each in records]
        return sending.deliver(records[0].channel, items, deadline=now + 10_000, started=now)

    def test_a_switch_makes_every_send_of_its_provider_fail_until_it_is_turned_back(self):
        switches.set_mode("twilio", "permanent")
        assert len(self.deliver(record("+4915112345678", channel="sms")).failures) == 1
        assert self.deliver(record()).failures == []
        switches.set_mode("twilio", "ok")
        assert self.deliver(record("+4915112345678", channel="sms")).failures == []
        assert set(switches.modes().values()) == {"ok"}

    def test_a_switch_that_is_not_there_is_refused(self):
        with pytest.raises(InvalidRequest):
            switches.set_mode("pigeon", "ok")
        with pytest.raises(InvalidRequest):
            switches.set_mode("ses", "asleep")

    def test_the_same_send_twice_is_counted(self):
        one = record()
        self.deliver(one)
        self.deliver(one)
        assert OutboxMessage.objects.get().received == 2

    def test_it_keeps_only_so_many(self, settings):
        settings.SANDBOX_OUTBOX_ROWS = 5
        self.deliver(*[record(f"u{n}@example.com") for n in range(12)])
        outbox.trim()
        assert [row.address for row in OutboxMessage.objects.all()] == [f"u{n}@example.com" for n in range(11, 6, -1)]


@databases
@servers
class TestApi:
    def get(self, secret: str, **query):
        return Client().get("/api/v1/sandbox/outbox", query, headers={"authorization": f"Bearer {secret}"})

    @pytest.fixture
    def sent(self):
        now = now_ms()
        email, push = record(), record("token-1", channel="push", platform="fcm")
        for each in (email, push):
            sending.deliver(each.channel, [(each, False)], deadline=now + 10_000, started=now)
        return email, push

    def test_a_service_sees_what_it_asks_for(self, sent):
        secret, _ = create_token(name="tests", scopes=["sandbox:read"])
        assert [message["channel"] for message in self.get(secret).json()["messages"]] == ["push", "email"]
        (message,) = self.get(secret, notification_id=sent[0].recipients[0].id).json()["messages"]
        assert (message["title"], message["html"], message["received"], message["user_id"]) == (
            "Shipped",
            "<p>Order A-17</p>",
            1,
            "usr_1",
        )
        assert len(self.get(secret, limit="1").json()["messages"]) == 1
        assert self.get(secret, user_id="nobody").json()["messages"] == []

    def test_a_user_sees_only_their_own(self, sent):
        assert len(self.get(make_user_token("usr_1")).json()["messages"]) == 2
        assert self.get(make_user_token("usr_2")).json()["messages"] == []
        assert self.get(make_user_token("usr_2"), user_id="usr_1").status_code == 403

    @pytest.mark.parametrize(
        "query", [{"limit": "0"}, {"limit": "1001"}, {"limit": "x"}, {"channel": "fax"}, {"u": "1"}]
    )
    def test_what_makes_no_sense_is_refused(self, query):
        secret, _ = create_token(name="tests", scopes=["sandbox:read"])
        assert self.get(secret, **query).status_code == 400

    def test_the_scope_is_needed(self):
        secret, _ = create_token(name="tests", scopes=["notifications:send"])
        assert self.get(secret).status_code == 403
        assert Client().get("/api/v1/sandbox/outbox").status_code == 401
