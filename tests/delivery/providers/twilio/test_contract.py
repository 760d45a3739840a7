"""Twilio over the wire: its own library against the simulator."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from delivery.providers.port import NotBegun, Taken
from delivery.providers.twilio.codes import CODES
from foundation.errors import (
    Ambiguous,
    Misconfigured,
    PermanentForAddress,
    PermanentForMessage,
    ProviderRateLimited,
    Transient,
)
from tests.delivery.providers.made_orders import order
from tests.simulators.twilio import SERVICE, TOKEN

PHONE = "+4915112345678"


def sms(address: str = PHONE, **other):
    return order(address, channel="sms", **other)


def phones(count: int) -> list[str]:
    return [f"+49151{number:08d}" for number in range(10_000_000, 10_000_000 + count)]


def test_a_message_is_taken_under_twilios_own_id(adapter, twilio):
    one = sms()
    (result,) = adapter.send([one])
    assert isinstance(result, Taken)
    assert result.provider_id.startswith("SM")
    assert one.deadline - 10_000 <= result.started_at <= result.at
    (received,) = twilio.script.received
    assert received.body == {"To": PHONE, "Body": "Order A-17 is on its way.", "MessagingServiceSid": SERVICE}


def test_the_results_come_in_the_orders_order_over_few_connections(make_adapter, twilio):
    adapter = make_adapter(streams=8)
    twilio.script.latency_s = 0.01
    orders = [sms(phone) for phone in phones(100)]
    ids = [result.provider_id for result in adapter.send(orders)]
    assert len(set(ids)) == 100
    sent_to = {each.body["To"] for each in twilio.script.received}
    assert sent_to == set(phones(100))
    assert adapter._client.http_client.session.connector.limit == 8


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_of_the_table_has_its_outcome(adapter, twilio, code):
    twilio.script.answer(str(code))
    (result,) = adapter.send([sms()])
    assert type(result) is CODES[code].kind
    assert result.provider_code == str(code)
    assert result.detail == CODES[code].detail


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, PermanentForMessage),
        (401, Misconfigured),
        (404, Misconfigured),
        (429, ProviderRateLimited),
        (500, Transient),
        (502, Ambiguous),
        (503, Transient),
        (504, Ambiguous),
    ],
)
def test_an_answer_without_a_code_goes_by_its_status(adapter, twilio, status, kind):
    twilio.script.answer("<html>a proxy says so</html>", status=status)
    (result,) = adapter.send([sms()])
    assert (type(result), result.provider_code) == (kind, str(status))


def test_a_code_nobody_knows_is_told_in_twilios_words(adapter, twilio):
    twilio.script.answer("29999")
    (result,) = adapter.send([sms()])
    assert isinstance(result, PermanentForMessage)
    assert "The error 29999" in result.detail


def test_one_bad_recipient_among_many_hurts_nobody_else(adapter, twilio):
    orders = [sms(phone) for phone in phones(200)]
    twilio.script.answer("21610", address=orders[77].send.address[1:], times=None)
    results = adapter.send(orders)
    assert isinstance(results[77], PermanentForAddress)
    assert all(isinstance(result, Taken) for place, result in enumerate(results) if place != 77)
    assert len(twilio.script.received) == 200


def test_what_can_be_no_number_isnt_sent(adapter, twilio):
    results = adapter.send([sms("12345"), sms("ann@example.com"), sms("+1555"), sms()])
    assert [type(result) for result in results[:3]] == [PermanentForAddress] * 3
    assert isinstance(results[3], Taken)
    assert len(twilio.script.received) == 1


class TestWaiting:
    def test_a_retry_after_ends_the_burst_and_is_handed_on(self, make_adapter, twilio):
        adapter = make_adapter(streams=1)
        twilio.script.answer("20429", after=3, retry_after=30)
        results = adapter.send([sms(phone) for phone in phones(10)])
        assert [type(result) for result in results] == [Taken] * 3 + [ProviderRateLimited] * 7
        assert {result.retry_after for result in results[3:]} == {30}
        assert len(twilio.script.received) == 4

    def test_a_retry_after_may_be_a_date(self, adapter, twilio):
        at = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
        twilio.script.answer("20429", retry_after=at)
        (result,) = adapter.send([sms()])
        assert 55 < result.retry_after <= 60

    def test_beyond_its_rate_twilio_asks_to_wait(self, adapter, twilio):
        twilio.script.limit(5, within_s=60)
        results = adapter.send([sms(phone) for phone in phones(20)])
        assert sum(isinstance(result, Taken) for result in results) == 5
        assert any(isinstance(result, ProviderRateLimited) for result in results)


class TestDoubt:
    def test_a_connection_cut_in_mid_batch_leaves_only_that_call_in_doubt(self, make_adapter, twilio):
        adapter = make_adapter(streams=1)
        twilio.script.drop(after=5)
        results = adapter.send([sms(phone) for phone in phones(10)])
        assert [type(result) for result in results] == [Taken] * 5 + [Ambiguous] + [Taken] * 4
        assert results[5].provider_code == "no_answer"

    def test_what_was_taken_and_never_answered_is_in_doubt_before_the_deadline(self, adapter, twilio, settings):
        settings.PROVIDER_TIMEOUT_S = 0.3
        twilio.script.silence(address=PHONE[1:])
        began = time.monotonic()
        silent, other = adapter.send([sms(), sms("+4915112345679")])
        assert time.monotonic() - began < 5  # long before the deadline, which is in 10 s
        assert isinstance(silent, Ambiguous)
        assert isinstance(other, Taken)
        assert len(twilio.script.accepted()) == 2

    def test_a_call_ends_before_the_deadline_also_where_the_time_out_is_longer(self, adapter, twilio):
        twilio.script.silence()
        one = sms(deadline_s=0.5)
        (result,) = adapter.send([one])
        assert isinstance(result, Ambiguous)
        assert time.time() * 1_000 <= one.deadline

    def test_in_doubt_is_only_what_has_left(self, make_adapter, twilio, settings):
        settings.PROVIDER_TIMEOUT_S = 0.4
        twilio.script.silence(times=None)
        given = [sms(phone) for phone in phones(20)]
        results = make_adapter(streams=5).send(given)
        doubted = {one.send.address for one, got in zip(given, results, strict=True) if isinstance(got, Ambiguous)}
        assert doubted == {got.address for got in twilio.script.received}
        assert [type(result) for result in results] == [Ambiguous] * 5 + [NotBegun] * 15

    def test_an_answer_nobody_understands_is_in_doubt(self, adapter, twilio):
        twilio.script.rubbish()
        (result,) = adapter.send([sms()])
        assert (type(result), result.provider_code) == (Ambiguous, "answer")

    def test_a_server_that_isnt_there_got_nothing(self, make_adapter, free_port):
        (result,) = make_adapter(base_url=f"http://127.0.0.1:{free_port}").send([sms()])
        assert (type(result), result.provider_code) == (Transient, "connect")

    def test_nothing_is_begun_after_the_deadline(self, adapter, twilio):
        results = adapter.send([sms(deadline_s=-1), sms(deadline_s=-1)])
        assert [type(result) for result in results] == [NotBegun] * 2
        assert twilio.script.received == []

    def test_what_hadnt_begun_by_the_deadline_isnt_begun(self, make_adapter, twilio):
        twilio.script.latency_s = 0.2
        results = make_adapter(streams=1).send([sms(phone, deadline_s=0.75) for phone in phones(10)])
        assert isinstance(results[0], Taken)
        assert isinstance(results[-1], NotBegun)
        assert len(twilio.script.received) <= 4


class TestCredentials:
    def test_a_wrong_token_is_ours_to_mend(self, adapter, twilio, make_adapter, monkeypatch):
        monkeypatch.setenv("TWILIO_SIMULATOR_TOKEN", "stale")
        stale = make_adapter()
        (result,) = stale.send([sms()])
        assert (type(result), result.provider_code) == (Misconfigured, "20003")
        with pytest.raises(Misconfigured, match="auth_token"):
            stale.check()

    def test_a_check_says_that_all_is_well_and_sends_nothing(self, adapter, twilio):
        assert SERVICE in adapter.check()
        assert twilio.script.received == []

    def test_a_check_of_a_server_that_isnt_there_passes(self, make_adapter, free_port):
        with pytest.raises(Transient):
            make_adapter(base_url=f"http://127.0.0.1:{free_port}").check()

    def test_the_token_may_lie_in_a_file(self, make_adapter, tmp_path):
        (tmp_path / "token").write_text(TOKEN + "\n")
        adapter = make_adapter(auth_token_env="", auth_token_file=str(tmp_path / "token"))
        assert isinstance(adapter.send([sms()])[0], Taken)

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ({"account_sid": "me"}, "account_sid"),
            ({"from_number": "+15005550006"}, "one of messaging_service_sid and from_number"),
            ({"messaging_service_sid": ""}, "one of messaging_service_sid and from_number"),
            ({"status_callback": "/webhooks/twilio"}, "status_callback"),
            ({"colour": "red"}, "colour"),
            ({"auth_token_env": ""}, "auth_token"),
            ({"ca_file": "/nowhere"}, "ca_file"),
        ],
    )
    def test_options_that_arent_right_are_told_with_account_and_field(self, make_adapter, options, said):
        with pytest.raises(Misconfigured, match=f"twilio-main.*{said}"):
            make_adapter(**options)
