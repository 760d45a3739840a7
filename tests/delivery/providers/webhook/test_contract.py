"""The webhook provider over the wire: httpx against a receiver that checks what it gets by the standard's library."""

from __future__ import annotations

import time

import pytest

from delivery.providers.port import NotBegun, Taken
from delivery.providers.webhook.codes import CODES, SOON_S
from foundation.clock import now_ms
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
from tests.simulators.webhook import SECRET, WebhookSimulator


def send(address="+4915112345678", **other):
    return order(address, channel="sms", **other)


def sends(count: int):
    return [send(f"+49151{number:08d}") for number in range(10_000_000, 10_000_000 + count)]


def kinds(results):
    return [type(result) for result in results]


def test_a_call_is_signed_and_says_what_is_to_be_done(adapter, receiver):
    one = send(expires_at=now_ms() + 60_000, collapse_key="a-17", priority="high", attempt=2)
    (result,) = adapter.send([one])
    (got,) = receiver.script.received
    assert isinstance(result, Taken)
    assert result.provider_id == got.id == one.send.id
    assert got.headers["path"] == "/hook"
    assert got.body["type"] == "order_shipped"
    data = got.body["data"]
    assert (data["notification_id"], data["user_id"], data["attempt"]) == (one.notification_id, "usr_1", 2)
    assert (data["address"], data["channel"], data["priority"]) == ("+4915112345678", "sms", "high")
    assert data["content"]["body"] == "Order A-17 is on its way."
    assert data["expires_at"].endswith("Z")


def test_an_attempt_is_known_again_by_its_id(adapter, receiver):
    adapter.send([send(id="notif_1")])
    adapter.send([send(id="notif_1", attempt=2)])
    assert len({each.id for each in receiver.script.received}) == 1


def test_a_batch_shares_a_few_connections(make_adapter, receiver):
    assert kinds(make_adapter(streams=4).send(sends(80))) == [Taken] * 80
    assert receiver.script.connections <= 4


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_status_of_the_table_has_its_outcome(adapter, receiver, code):
    receiver.script.answer(str(code))
    (result,) = adapter.send([send()])
    assert (type(result), result.provider_code, result.detail) == (CODES[code].kind, str(code), CODES[code].detail)


@pytest.mark.parametrize(
    ("code", "kind"), [(200, Taken), (202, Taken), (204, Taken), (418, PermanentForMessage), (599, Transient)]
)
def test_other_statuses_go_by_their_class(adapter, receiver, code, kind):
    receiver.script.answer(str(code))
    assert kinds(adapter.send([send()])) == [kind]


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(adapter, receiver, code):
    receiver.script.answer(str(code), location=f"{receiver.base_url}/elsewhere")
    (result,) = adapter.send([send()])
    assert isinstance(result, Misconfigured)
    assert "new address" in result.detail
    assert [each.headers["path"] for each in receiver.script.received] == ["/hook"]


def test_one_bad_recipient_among_many_hurts_nobody_else(adapter, receiver):
    receiver.script.answer("410", address="10000077$")
    results = adapter.send(sends(100))
    assert isinstance(results[77], PermanentForAddress)
    assert kinds(results[:77] + results[78:]) == [Taken] * 99


class TestWaiting:
    @pytest.mark.parametrize("code", ["429", "503"])
    def test_a_wait_ends_the_batch_and_is_handed_on(self, make_adapter, receiver, code):
        receiver.script.answer(code, after=3, retry_after=30)
        results = make_adapter(streams=1).send(sends(8))
        assert kinds(results) == [Taken] * 3 + [ProviderRateLimited] * 5
        assert {result.retry_after for result in results[3:]} == {30}
        assert len(receiver.script.received) == 4

    def test_a_wait_without_a_time_gets_one(self, adapter, receiver):
        receiver.script.answer("503")
        assert adapter.send([send()])[0].retry_after == SOON_S

    def test_beyond_its_rate_a_receiver_asks_to_wait(self, make_adapter, receiver):
        receiver.script.limit(5, within_s=60)
        assert kinds(make_adapter(streams=1).send(sends(8))) == [Taken] * 5 + [ProviderRateLimited] * 3


class TestReceiversOfTheirOwn:
    """Without `url` each send's address is its receiver; what one of them says is nobody else's matter."""

    def test_each_address_is_called(self, make_adapter, receiver):
        results = make_adapter(url="").send([send(f"{receiver.base_url}/{name}") for name in "ab"])
        assert kinds(results) == [Taken, Taken]
        assert {each.headers["path"] for each in receiver.script.received} == {"/a", "/b"}

    @pytest.mark.parametrize(
        ("code", "kind"),
        [("410", PermanentForAddress), ("429", Transient), ("401", PermanentForMessage), ("302", PermanentForMessage)],
    )
    def test_one_of_them_doesnt_stop_the_account(self, make_adapter, receiver, code, kind):
        receiver.script.answer(code, address="/a$", retry_after=30)
        results = make_adapter(url="", streams=1).send([send(f"{receiver.base_url}/{name}") for name in "ab"])
        assert kinds(results) == [kind, Taken]
        if code == "429":
            assert results[0].retry_after == 30

    @pytest.mark.parametrize(
        "address",
        [
            "",
            "+4915112345678",
            "ftp://example.com/",
            "https:///path",
            "https://a:b@example.com/",
            "https://[::1",
            "https://0177.0.0.1/",
            "//x",
        ],
    )
    def test_what_is_no_receivers_address_is_refused_for_good(self, make_adapter, receiver, address):
        (result,) = make_adapter(url="").send([send(address)])
        assert (type(result), result.provider_code) == (PermanentForAddress, "url")


class TestDoubt:
    def test_a_cut_in_mid_batch_leaves_only_that_call_in_doubt(self, make_adapter, receiver):
        receiver.script.drop(after=3)
        results = make_adapter(streams=1).send(sends(6))
        assert kinds(results) == [Taken] * 3 + [Ambiguous] + [Taken] * 2

    def test_what_was_taken_and_never_answered_is_in_doubt(self, adapter, receiver, settings):
        settings.PROVIDER_TIMEOUT_S = 0.4
        receiver.script.silence(address="10000001$")
        began = time.monotonic()
        assert kinds(adapter.send(sends(3))) == [Taken, Ambiguous, Taken]
        assert time.monotonic() - began < 5  # long before the deadline, which is in 10 s

    def test_in_doubt_is_only_what_has_left(self, make_adapter, receiver, settings):
        settings.PROVIDER_TIMEOUT_S = 0.4
        receiver.script.silence(times=None)
        given = sends(20)
        results = make_adapter(streams=5).send(given)
        doubted = {one.send.id for one, got in zip(given, results, strict=True) if isinstance(got, Ambiguous)}
        assert doubted == {got.id for got in receiver.script.received}
        assert set(kinds(results)) == {Ambiguous, NotBegun}

    def test_an_answer_nobody_understands_is_in_doubt(self, adapter, receiver):
        receiver.script.rubbish()
        assert kinds(adapter.send([send()])) == [Ambiguous]

    def test_an_answer_without_end_isnt_read(self, make_adapter, receiver):
        receiver.script.answer("200", size=50_000_000)
        adapter = make_adapter(answer_max_bytes=1_000)
        assert kinds(adapter.send([send()])) == [Taken]
        assert kinds(adapter.send([send()])) == [Taken]
        assert receiver.script.connections == 2  # one that was read to its end is kept

    def test_a_receiver_that_isnt_there_got_nothing(self, make_adapter, free_port):
        results = make_adapter(url=f"http://127.0.0.1:{free_port}/").send(sends(2))
        assert kinds(results) == [Transient] * 2

    def test_nothing_is_begun_after_the_deadline(self, adapter, receiver):
        assert kinds(adapter.send([send(deadline_s=-1)])) == [NotBegun]
        assert receiver.script.received == []

    def test_a_message_too_large_is_refused_with_its_figure(self, adapter, receiver):
        (result,) = adapter.send([send(content=Content(html="x" * 300_000))])
        assert isinstance(result, PermanentForMessage)
        assert "262,144" in result.detail


class TestSecrets:
    def test_a_receiver_with_another_secret_is_ours_to_mend(self, make_adapter, receiver, monkeypatch):
        monkeypatch.setenv("WEBHOOK_SIMULATOR_SECRET", "whsec_" + "A" * 32)
        assert kinds(make_adapter().send([send()])) == [Misconfigured]

    @pytest.mark.parametrize("text", ["whsec_short", "whsec_!!!!", "plain", "whsec_" + "A" * 100])
    def test_a_secret_that_cant_sign_is_told(self, make_adapter, monkeypatch, text):
        monkeypatch.setenv("WEBHOOK_SIMULATOR_SECRET", text)
        with pytest.raises(Misconfigured, match="account hook: secret"):
            make_adapter()

    @pytest.mark.parametrize(
        ("options", "said"), [({"url": "http//x"}, "url"), ({"streams": 0}, "streams"), ({"colour": "red"}, "colour")]
    )
    def test_options_that_arent_right_are_told_with_account_and_field(self, make_adapter, options, said):
        with pytest.raises(Misconfigured, match=f"account hook.*{said}"):
            make_adapter(**options)

    def test_it_trusts_whom_it_is_told_to(self, monkeypatch, make_adapter):
        with WebhookSimulator(tls=True) as receiver:
            monkeypatch.setenv("WEBHOOK_SIMULATOR_SECRET", SECRET)
            known = make_adapter(url=f"https://localhost:{receiver.port}/hook")
            assert kinds(known.send([send()])) == [Taken]
            assert "localhost is there" in known.check()
            unknown = make_adapter(url=f"https://localhost:{receiver.port}/hook", ca_file="")
            assert kinds(unknown.send([send()])) == [Transient]
            assert len(receiver.script.received) == 1

    def test_a_check_sends_nothing(self, adapter, make_adapter, receiver, free_port):
        assert "127.0.0.1 is there" in adapter.check()
        assert "each send's address" in make_adapter(url="").check()
        assert receiver.script.received == []
        with pytest.raises(Transient, match="hook: "):
            make_adapter(url=f"http://127.0.0.1:{free_port}/").check()
