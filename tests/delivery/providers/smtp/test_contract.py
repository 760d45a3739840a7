"""SMTP over the wire: Django's backend against a mail server that does as it is told."""

from __future__ import annotations

import time

import pytest

from delivery.providers.port import NotBegun, Taken
from delivery.providers.smtp.codes import DATA, ENHANCED, RECIPIENT, REPLIES, SENDER, outcome
from foundation.errors import Ambiguous, Misconfigured, PermanentForAddress, PermanentForMessage, Transient
from templates_app.content import Content
from tests.delivery.providers.made_orders import order


def mail(address="ann@example.com", **other):
    return order(address, channel="email", **other)


def mails(count: int, **other):
    return [mail(f"u{number}@example.com", **other) for number in range(count)]


def kinds(results):
    return [type(result) for result in results]


def test_a_mail_arrives_in_both_parts_under_its_message_id(adapter, server):
    (result,) = adapter.send([mail()])
    (seen,) = server.mails()
    assert isinstance(result, Taken)
    assert seen["message-id"] == result.provider_id
    assert [part.get_content_type() for part in seen.iter_parts()] == ["text/plain", "text/html"]
    assert server.script.received[0].address == "ann@example.com"


def test_a_batch_goes_over_one_connection(adapter, server):
    assert kinds(adapter.send(mails(50))) == [Taken] * 50
    assert (server.script.connections, len(server.mails())) == (1, 50)
    adapter.send(mails(2))
    assert server.script.connections == 2


def test_what_cant_be_written_as_a_mail_hurts_nobody_else(adapter, server):
    broken = mail(content=Content(title="x", body="half a character: \ud83d"))
    assert kinds(adapter.send([mail(), broken, mail()])) == [Taken, PermanentForMessage, Taken]


def test_a_line_that_is_a_dot_ends_no_mail(adapter, server):
    adapter.send([mail(content=Content(title="x", body="one\n.\ntwo"))])
    (seen,) = server.mails()
    assert seen.get_content().replace("\r\n", "\n").strip() == "one\n.\ntwo"


def test_one_recipient_refused_among_500_hurts_nobody_else(adapter, server):
    server.script.answer("550 5.1.1", address="^u123@")
    results = adapter.send(mails(500))
    assert isinstance(results[123], PermanentForAddress)
    assert kinds(results[:123] + results[124:]) == [Taken] * 499
    assert (len(server.mails()), server.script.connections) == (499, 1)


@pytest.mark.parametrize("code", sorted(REPLIES.keys() - {421}))
@pytest.mark.parametrize("stage", [RECIPIENT, DATA])
def test_every_reply_of_the_table_has_its_outcome(adapter, server, code, stage):
    server.script.answer(str(code), stage=stage)
    refused, after = adapter.send(mails(2))
    assert type(refused) is type(outcome(code, "", stage))
    assert refused.provider_code == str(code)
    assert isinstance(after, type(refused) if isinstance(refused, Misconfigured) else Taken)


@pytest.mark.parametrize("code", sorted(ENHANCED))
def test_every_enhanced_code_of_the_table_has_its_outcome(adapter, server, code):
    server.script.answer(f"550 {code}")
    (refused,) = adapter.send([mail()])
    assert (type(refused), refused.provider_code) == (ENHANCED[code].kind, code)
    assert "ann@example.com" not in refused.detail


@pytest.mark.parametrize(
    ("reply", "stage", "kind"),
    [
        ("450 4.2.1", RECIPIENT, Transient),
        ("451 4.3.0", DATA, Transient),
        ("452 4.2.2", RECIPIENT, Transient),
        ("550 5.1.1", RECIPIENT, PermanentForAddress),
        ("550", RECIPIENT, PermanentForAddress),
        ("550 5.7.1", RECIPIENT, PermanentForMessage),
        ("550", DATA, PermanentForMessage),
        ("552 5.3.4", DATA, PermanentForMessage),
        ("554", DATA, PermanentForMessage),
        ("599", DATA, PermanentForMessage),
    ],
)
def test_a_reply_is_read_by_its_code_and_its_stage(adapter, server, reply, stage, kind):
    server.script.answer(reply, stage=stage)
    (refused,) = adapter.send([mail()])
    assert type(refused) is kind


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ("550 5.7.60", Misconfigured),
        ("553", Misconfigured),
        ("530 5.7.0", Misconfigured),
        ("550 5.1.1", Misconfigured),
        ("451 4.3.0", Transient),
    ],
)
def test_a_sender_that_isnt_let_in_is_ours_to_mend(adapter, server, reply, kind):
    server.sender = f"{reply} not you"
    results = adapter.send(mails(3))
    assert kinds(results) == [kind] * 3
    assert server.script.received == []


class TestConnections:
    def test_421_in_mid_batch_costs_one_mail_and_a_connection(self, adapter, server):
        server.script.goaway(after=5)
        results = adapter.send(mails(10))
        assert kinds(results) == [Taken] * 5 + [Transient] + [Taken] * 4
        assert (results[5].provider_code, server.script.connections) == ("4.3.2", 2)

    def test_a_server_that_ends_every_connection_is_left_alone(self, adapter, server):
        server.script.goaway(times=None)
        assert kinds(adapter.send(mails(20))) == [Transient] * 20
        assert server.script.connections == 1

    def test_a_cut_before_the_mail_is_no_doubt(self, adapter, server):
        server.goes_wrong_at = RECIPIENT
        server.script.drop(after=3)
        results = adapter.send(mails(6))
        assert kinds(results) == [Taken] * 3 + [Transient] + [Taken] * 2

    def test_a_cut_after_the_dot_is_in_doubt(self, adapter, server):
        server.script.drop(after=3)
        results = adapter.send(mails(6))
        assert kinds(results) == [Taken] * 3 + [Ambiguous] + [Taken] * 2
        assert server.script.connections == 2

    def test_a_server_that_isnt_there_got_nothing(self, at, server, free_port):
        assert kinds(at(server, port=free_port).send(mails(3))) == [Transient] * 3

    @pytest.mark.parametrize(("reply", "kind"), [("554 5.7.1 go away", Misconfigured), ("421 4.3.2 busy", Transient)])
    def test_a_greeting_that_refuses_is_for_the_whole_batch(self, adapter, server, reply, kind):
        server.greeting = reply
        assert kinds(adapter.send(mails(3))) == [kind] * 3


class TestTime:
    def test_what_was_taken_and_never_answered_is_in_doubt(self, adapter, server, settings):
        settings.PROVIDER_TIMEOUT_S = 0.4
        server.script.silence(after=1)
        began = time.monotonic()
        results = adapter.send(mails(3))
        assert kinds(results) == [Taken, Ambiguous, Taken]
        assert time.monotonic() - began < 5  # long before the deadline, which is in 10 s

    def test_the_time_out_counts_for_the_whole_mail(self, adapter, server, settings):
        settings.PROVIDER_TIMEOUT_S = 0.4
        server.goes_wrong_at = RECIPIENT
        server.script.silence()
        (result,) = adapter.send([mail()])
        assert isinstance(result, Transient)

    def test_a_call_ends_before_the_deadline(self, adapter, server):
        server.script.silence()
        one = mail(deadline_s=0.5)
        (result,) = adapter.send([one])
        assert isinstance(result, Ambiguous)
        assert time.time() * 1_000 <= one.deadline

    def test_so_does_one_whose_connection_takes_its_time(self, adapter, server):
        server.greets_after_s = 0.3
        server.script.silence()
        one = mail(deadline_s=0.5)
        adapter.send([one])
        assert time.time() * 1_000 <= one.deadline

    def test_nothing_is_begun_after_the_deadline(self, adapter, server):
        assert kinds(adapter.send(mails(2, deadline_s=-1))) == [NotBegun] * 2
        assert server.script.connections == 0

    def test_what_had_no_turn_by_the_deadline_isnt_begun(self, adapter, server):
        server.script.latency_s = 0.2
        results = adapter.send(mails(8, deadline_s=0.75))
        assert isinstance(results[0], Taken)
        assert isinstance(results[-1], NotBegun)

    def test_rubbish_after_the_dot_is_in_doubt(self, adapter, server):
        server.script.rubbish(after=1)
        assert kinds(adapter.send(mails(3))) == [Taken, Ambiguous, Taken]

    def test_rubbish_before_the_mail_is_not(self, adapter, server):
        server.goes_wrong_at = RECIPIENT
        server.script.rubbish(after=1)
        assert kinds(adapter.send(mails(3))) == [Taken, Transient, Taken]

    def test_beyond_its_rate_the_server_asks_to_wait(self, adapter, server):
        server.script.limit(3, within_s=60)
        assert kinds(adapter.send(mails(5))) == [Taken] * 3 + [Transient] * 2


class TestSecurity:
    def test_it_encrypts_and_logs_in(self, at, secure_server):
        adapter = at(secure_server)
        assert kinds(adapter.send([mail()])) == [Taken]
        assert secure_server.security in adapter.check()
        assert len(secure_server.script.received) == 1

    def test_a_wrong_password_is_ours_to_mend(self, at, secure_server, monkeypatch):
        monkeypatch.setenv("SMTP_SIMULATOR_PASSWORD", "stale")
        adapter = at(secure_server)
        results = adapter.send(mails(3))
        assert kinds(results) == [Misconfigured] * 3
        assert results[0].provider_code == "5.7.8"
        with pytest.raises(Misconfigured, match=r"mail: .*password"):
            adapter.check()
        assert secure_server.script.received == []

    def test_a_login_that_cant_be_had_now_passes(self, at, secure_server):
        secure_server.login = "454 4.7.0 later"
        assert kinds(at(secure_server).send([mail()])) == [Transient]

    def test_a_certificate_nobody_vouches_for_is_refused(self, at, secure_server):
        (result,) = at(secure_server, ca_file="").send([mail()])
        assert (type(result), result.provider_code) == (Misconfigured, "certificate")
        assert secure_server.script.received == []

    def test_a_ca_file_that_cannot_be_read_is_ours_to_mend(self, at, server):
        with pytest.raises(Misconfigured, match=r"account mail.*ca_file"):
            at(server, ca_file="/nowhere")

    def test_encryption_the_server_doesnt_speak_is_ours_to_mend(self, at, server):
        assert kinds(at(server, security="starttls").send([mail()])) == [Misconfigured]
        assert kinds(at(server, security="tls").send([mail()])) == [Misconfigured]

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ({"username": "me"}, "security"),
            ({"security": "maybe"}, "security"),
            ({"from_email": "nobody"}, "from_email"),
            ({"unsubscribe_url": "https://n.example/u"}, "unsubscribe_url"),
            ({"security": "tls", "username": "me"}, "password"),
            ({"host": ""}, "host"),
        ],
    )
    def test_options_that_arent_right_are_told_with_account_and_field(self, at, server, options, said):
        with pytest.raises(Misconfigured, match=f"account mail.*{said}"):
            at(server, **options)

    def test_a_check_sends_nothing(self, adapter, server):
        assert "none" in adapter.check()
        assert server.script.received == []

    def test_a_check_of_a_server_that_isnt_there_passes(self, at, server, free_port):
        with pytest.raises(Transient, match="mail: "):
            at(server, port=free_port).check()


@pytest.mark.parametrize(
    ("code", "words", "stage", "kind"),
    [
        (550, "5.1.1 who?", SENDER, Misconfigured),  # it is the sender who isn't known
        (552, "too large", SENDER, PermanentForMessage),
        (550, "5.3.4 too large", SENDER, PermanentForMessage),
        (550, "5.1.1 late, but known", DATA, PermanentForAddress),
        (-1, "what?", RECIPIENT, Transient),
        (-1, "what?", DATA, Ambiguous),
        (299, "what?", DATA, Ambiguous),
    ],
)
def test_the_same_words_mean_another_thing_at_another_stage(code, words, stage, kind):
    assert type(outcome(code, words, stage)) is kind
