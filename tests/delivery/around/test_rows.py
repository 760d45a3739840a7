"""Rows of issue 5, section 6: the delivery stage over the wire, with what the retry scheduler makes of it."""

from __future__ import annotations

import time
from collections import Counter

import pytest

from delivery import breaker, plans, retries, scheduling
from delivery.models import DeadLetter
from foundation.clock import now_ms
from foundation.redis import get_redis, key
from notifications.due.models import DueRow
from notifications.records import ChannelRecord, Outcome
from tests.delivery.around.sending_to import (
    RESEND,
    accounts_used,
    again,
    counted,
    deliver,
    errors,
    received,
    sms,
    taken,
)
from tests.delivery.channel_records import record
from tests.delivery.conftest import DATABASES
from tests.simulators.apns import APNsSimulator
from tests.simulators.twilio import TOKEN, TwilioSimulator

pytestmark = [pytest.mark.django_db(transaction=True, databases=DATABASES)]


# In place of 60 s, and with room for a machine that does something else besides.
DRAINED_WITHIN_S = 10.0


class Stream:
    """A channel at a rate: fresh sends and what is due again, a batch each `TICK_S`."""

    TICK_S, PER_TICK = 0.05, 10

    def __init__(self) -> None:
        self.waiting: list[tuple[int, ChannelRecord]] = []
        self.sent: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.counted_while_open = self.made = 0
        self.parked: list[str] = []

    def run(self, seconds: float, *, fresh: bool = True) -> None:
        """Goes on for so long; without `fresh` ones, until nothing waits."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and (fresh or self.waiting):
            began = time.monotonic()
            self.turn(self.PER_TICK if fresh else 0)
            time.sleep(max(0.0, self.TICK_S - (time.monotonic() - began)))

    def turn(self, fresh: int) -> None:
        now = now_ms()
        due = [each for at, each in self.waiting if at <= now]
        self.waiting = [(at, each) for at, each in self.waiting if at > now]
        made = [record(f"+4917{self.made + n:08}", channel="sms", priority="high") for n in range(fresh)]
        self.made += fresh
        if not due and not made:
            return
        delivered = deliver([*made, *due])
        self.sent.update(each.id for each in delivered.reports if isinstance(each, Outcome) and each.status == "sent")
        self.errors += errors(delivered)
        # A trial of the half-open breaker may cost one; what met it open may not.
        self.counted_while_open += counted(delivered, error="breaker_open")
        for failure in delivered.failures:
            for group in plans.plan(failure, now=now_ms(), resend_in_doubt=RESEND):
                if isinstance(group.step, retries.Retry):
                    self.waiting.append((group.step.due, plans.again(group)))
                else:
                    self.parked.append(str(group.step))


@pytest.fixture
def at_twilio(written, servers, monkeypatch):
    """Writes down one account, "main", at a simulator of Twilio."""
    monkeypatch.setenv("TWILIO_SIMULATOR_TOKEN", TOKEN)

    def write(twilio: TwilioSimulator) -> None:
        written({"name": "main", "provider": "twilio", "channel": "sms", "rate": 0, "options": twilio.options()})

    return write


def test_a_provider_that_is_down_and_comes_back(at_twilio, monkeypatch):
    """Down for 3 s in place of 60 at 200/s; breaker and retries go at a twentieth of their times likewise."""
    monkeypatch.setattr(breaker, "OPEN_MS", breaker.OPEN_MS // 20)
    monkeypatch.setattr(breaker, "LONGEST_OPEN_MS", breaker.LONGEST_OPEN_MS // 20)
    monkeypatch.setattr(retries, "SCHEDULE_S", {"high": (1, 2, 6, 30, 90)})
    stream = Stream()
    with TwilioSimulator() as provider:
        at_twilio(provider)
        stream.run(0.5)
        port, before = provider.port, taken(provider)
    stream.run(3.0)
    assert stream.errors["breaker_open"] > 200
    with TwilioSimulator(port=port) as provider:
        stream.run(0.5)
        stream.run(DRAINED_WITHIN_S, fresh=False)
        after = taken(provider)
    assert (stream.waiting, stream.parked, stream.counted_while_open) == ([], [], 0)
    assert stream.errors["transient"] < stream.made / 4  # what met it before it opened, and trials
    assert len(before + after) == stream.made == len(stream.sent)
    assert set((before + after).values()) == {1}


@pytest.mark.parametrize("how", ["silence", "rubbish"])
@pytest.mark.parametrize(("priority", "status"), [("critical", "again"), ("high", "again"), ("normal", "in_doubt")])
def test_accepted_and_then_the_connection_dies(accounts, main, settings, how, priority, status):
    settings.PROVIDER_TIMEOUT_S = 0.3
    accounts(only_main=True)
    getattr(main.script, how)()
    delivered = deliver(sms(1, priority=priority))
    assert [(each.status, each.error) for each in delivered.reports] == [("in_doubt", "ambiguous")]
    scheduling.schedule(delivered.failures, repeat=False, now=now_ms())
    if status == "again":
        assert DueRow.objects.count() == 1
        assert accounts_used(deliver(again(delivered))) == {"main": 1}
        assert list(received(main).values()) == [2]
    else:
        assert [letter.reason for letter in DeadLetter.objects.all()] == [status]
        assert list(received(main).values()) == [1]


def test_one_bad_recipient_among_five_hundred(at_twilio):
    with TwilioSimulator() as provider:
        at_twilio(provider)
        provider.script.answer("21211", times=None, address="00000007$")
        delivered = deliver(sms(500))
        assert accounts_used(delivered) == {"main": 499}
        assert errors(delivered) == {"permanent_address": 1}
        assert (len(taken(provider)), set(taken(provider).values())) == (499, {1})


def test_retry_after_thirty_seconds_no_call_to_that_account_and_others_go_on(accounts, main):
    main.script.answer("429", retry_after=30)
    first = deliver(sms(1))
    assert accounts_used(first) == {"spare": 1}
    calls = len(main.script.received)
    get_redis().hincrby(key("breaker", "main"), "shut", -29_000)  # 29 s later
    assert accounts_used(deliver(sms(10))) == {"spare": 10}
    assert len(main.script.received) == calls
    get_redis().hincrby(key("breaker", "main"), "shut", -1_000)
    assert accounts_used(deliver(sms(10))) == {"main": 10}


def test_a_device_that_asks_to_wait_holds_up_no_other(written, servers, tmp_path):
    path = tmp_path / "key.p8"
    devices = [record(f"{n:064x}", channel="push", platform="apns") for n in range(2)]
    with APNsSimulator() as apns:
        path.write_text(apns.key_pem)
        written({"name": "apns-main", "provider": "apns", "channel": "push", "rate": 0, "options": apns.options(path)})
        apns.script.answer("TooManyRequests", retry_after=30)
        first = deliver(devices[:1])
        assert (errors(first), counted(first)) == ({"rate_limited": 1}, 0)
        assert accounts_used(deliver(devices[1:])) == {"apns-main": 1}


def test_accounts_that_cannot_be_read_wait_and_go_on_once_they_can(written, servers, settings, tmp_path):
    settings.PROVIDERS = str(tmp_path / "accounts.toml")
    first = deliver(sms(5))
    assert (errors(first), counted(first)) == ({"misconfigured": 5}, 5)
    scheduling.schedule(first.failures, repeat=False, now=now_ms())
    assert (DeadLetter.objects.count(), DueRow.objects.count()) == (0, 5)
