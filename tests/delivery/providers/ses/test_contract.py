"""SES over the wire: django-anymail and boto3 against moto, and against what moto doesn't do."""

from __future__ import annotations

import json
import time

import pytest

from delivery.providers.port import NotBegun, Taken
from delivery.providers.ses.codes import CODES, DAILY_S, WORDS
from foundation.errors import (
    Ambiguous,
    Misconfigured,
    PermanentForAddress,
    PermanentForMessage,
    ProviderRateLimited,
    Transient,
)
from templates_app.content import Content
from tests.delivery.providers.made_orders import order


def mail(address="ann@example.com", **other):
    return order(address, channel="email", **other)


def mails(count: int, **other):
    return [mail(f"u{number}@example.com", **other) for number in range(count)]


def kinds(results):
    return [type(result) for result in results]


def test_a_mail_is_taken_under_ses_own_id(adapter, ses):
    (result,) = adapter.send([mail()])
    assert isinstance(result, Taken)
    assert ses.kept_by_moto() == [result.provider_id]
    (seen,) = ses.mails()
    assert [part.get_content_type() for part in seen.iter_parts()] == ["text/plain", "text/html"]
    assert ses.script.received[0].body["Destination"] == {"ToAddresses": ["ann@example.com"]}


def test_events_will_know_whose_send_they_tell_of(make_adapter, ses):
    one = mail(user="usr_1")
    make_adapter(configuration_set="receipts").send([one])
    known = {"notification_id": one.notification_id, "send_id": one.send.id, "user": "usr_1"}
    call = ses.script.received[0].body
    assert call["ConfigurationSetName"] == "receipts"
    assert {tag["Name"]: tag["Value"] for tag in call["EmailTags"]} == {**known, "type": "order_shipped"}
    (seen,) = ses.mails()
    assert json.loads(seen["x-metadata"]) == known
    assert seen["x-tag"] == "order_shipped"


def test_a_user_id_that_makes_no_tag_is_left_to_the_header(adapter, ses):
    assert kinds(adapter.send([mail(user="ann müller")])) == [Taken]
    names = {tag["Name"] for tag in ses.script.received[0].body["EmailTags"]}
    assert names == {"notification_id", "send_id", "type"}
    assert json.loads(ses.mails()[0]["x-metadata"])["user"] == "ann müller"


def test_the_results_come_in_the_orders_order(adapter, ses):
    orders = mails(60)
    results = adapter.send(orders)
    assert kinds(results) == [Taken] * 60
    assert {each.address for each in ses.script.received} == {one.send.address for one in orders}
    ids = [result.provider_id for result in results]
    assert len(set(ids)) == 60
    assert set(ids) == set(ses.kept_by_moto())


def test_one_bad_recipient_among_many_hurts_nobody_else(adapter, ses):
    ses.script.answer("MessageRejected", address="^u17@")
    results = adapter.send([*mails(40), mail("nobody")])
    assert isinstance(results[17], PermanentForMessage)
    assert isinstance(results[40], PermanentForAddress)
    assert kinds(results[:17] + results[18:40]) == [Taken] * 39
    assert len(ses.kept_by_moto()) == 39


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_of_the_table_has_its_outcome(adapter, ses, code):
    ses.script.answer(code)
    (result,) = adapter.send([mail()])
    assert (type(result), result.provider_code, result.detail) == (CODES[code].kind, code, CODES[code].detail)


@pytest.mark.parametrize(("code", "words", "meaning"), WORDS)
def test_the_same_code_may_say_something_else(adapter, ses, code, words, meaning):
    ses.script.answer(code, message=f"Sorry: {words.upper()} for this one")
    (result,) = adapter.send([mail()])
    assert (type(result), result.detail) == (meaning.kind, meaning.detail)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, PermanentForMessage), (403, Misconfigured), (429, ProviderRateLimited), (500, Transient), (504, Ambiguous)],
)
def test_an_answer_without_a_code_of_the_table_goes_by_its_status(adapter, ses, status, kind):
    ses.script.answer("SomethingNewException", status=status)
    (result,) = adapter.send([mail()])
    assert type(result) is kind


def test_an_unverified_sender_is_ours_to_mend(make_adapter, ses):
    (result,) = make_adapter(from_email="a@elsewhere.example").send([mail()])
    assert (type(result), result.provider_code) == (Misconfigured, "MessageRejected")


def test_what_cant_be_written_as_a_mail_hurts_nobody_else(adapter, ses):
    broken = mail(content=Content(title="x", body="half a character: \ud83d"))
    assert kinds(adapter.send([mail(), broken, mail()])) == [Taken, PermanentForMessage, Taken]


class TestWaiting:
    def test_a_rate_that_is_used_up_ends_the_batch(self, make_adapter, ses):
        ses.script.answer("TooManyRequestsException", after=3, retry_after=30)
        results = make_adapter(streams=1).send(mails(10))
        assert kinds(results) == [Taken] * 3 + [ProviderRateLimited] * 7
        assert {result.retry_after for result in results[3:]} == {30}
        assert len(ses.script.received) == 4

    def test_a_quota_that_is_used_up_is_waited_for_longer(self, adapter, ses):
        ses.script.answer("LimitExceededException")
        (result,) = adapter.send([mail()])
        assert result.retry_after == DAILY_S

    def test_beyond_its_rate_ses_asks_to_wait(self, make_adapter, ses):
        ses.script.limit(5, within_s=60)
        results = make_adapter(streams=1).send(mails(8))
        assert kinds(results) == [Taken] * 5 + [ProviderRateLimited] * 3


class TestDoubt:
    def test_an_answer_that_doesnt_end_ends_with_the_batchs_time_and_holds_up_no_other(
        self, make_adapter, ses, settings
    ):
        settings.PROVIDER_TIMEOUT_S = 0.6
        ses.script.drip(0.3, address="^u1@")
        started = time.monotonic()
        results = make_adapter(streams=2).send(mails(4, deadline_s=3.0))
        assert kinds(results) == [Taken, Ambiguous, Taken, Taken]
        assert time.monotonic() - started < 4

    def test_a_cut_in_mid_batch_leaves_only_that_mail_in_doubt(self, make_adapter, ses):
        ses.script.drop(after=3)
        results = make_adapter(streams=1).send(mails(6))
        assert kinds(results) == [Taken] * 3 + [Ambiguous] + [Taken] * 2
        assert results[3].provider_code == "no_answer"
        assert len(ses.script.received) == 6  # boto3 tries nothing again

    def test_what_was_taken_and_never_answered_is_in_doubt(self, make_adapter, ses, settings):
        settings.PROVIDER_TIMEOUT_S = 0.8
        ses.script.silence(address="^u1@")
        began = time.monotonic()
        results = make_adapter().send(mails(3))
        assert kinds(results) == [Taken, Ambiguous, Taken]
        assert time.monotonic() - began < 5  # long before the deadline, which is in 10 s

    def test_an_error_of_theirs_is_tried_once(self, adapter, ses):
        ses.script.answer("InternalFailure")
        assert kinds(adapter.send([mail()])) == [Transient]
        assert len(ses.script.received) == 1

    def test_an_answer_nobody_understands_is_in_doubt(self, adapter, ses):
        ses.script.rubbish()
        (result,) = adapter.send([mail()])
        assert (type(result), result.provider_code) == (Ambiguous, "answer")

    def test_a_server_that_isnt_there_got_nothing(self, make_adapter, free_port):
        results = make_adapter(endpoint_url=f"http://127.0.0.1:{free_port}").send(mails(2))
        assert kinds(results) == [Transient] * 2

    def test_nothing_is_begun_that_couldnt_end_before_the_deadline(self, adapter, ses):
        assert kinds(adapter.send([mail(deadline_s=-1), mail(deadline_s=1)])) == [NotBegun] * 2
        assert ses.script.received == []


class TestChecking:
    def test_a_check_tells_what_is_left_and_sends_nothing(self, adapter, ses):
        assert "49,000 mails left of 50,000" in adapter.check()
        ses.account["ProductionAccessEnabled"] = False
        assert "sandbox" in adapter.check()
        assert ses.script.received == []

    def test_a_paused_account_is_ours_to_mend(self, adapter, ses):
        ses.account["SendingEnabled"] = False
        with pytest.raises(Misconfigured, match=r"ses-eu: .*paused"):
            adapter.check()

    def test_credentials_that_are_refused_are_told(self, adapter, ses):
        ses.script.answer("ExpiredTokenException")
        with pytest.raises(Misconfigured, match=r"ses-eu: .*expired"):
            adapter.check()

    def test_a_server_that_isnt_there_passes(self, make_adapter, free_port):
        with pytest.raises(Transient, match="ses-eu: "):
            make_adapter(endpoint_url=f"http://127.0.0.1:{free_port}").check()

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ({"region": "Europe"}, "region"),
            ({"from_email": "nobody"}, "from_email"),
            ({"streams": 0}, "streams"),
            ({"secret_access_key_env": ""}, "secret_access_key"),
            ({"session_token_env": "NOT_THERE"}, "session_token"),
            ({"colour": "red"}, "colour"),
        ],
    )
    def test_options_that_arent_right_are_told_with_account_and_field(self, make_adapter, options, said):
        with pytest.raises(Misconfigured, match=f"account ses-eu.*{said}"):
            make_adapter(**options)
