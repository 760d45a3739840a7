"""FCM over the wire, with firebase-admin: what goes out, every code of the table, tokens, connections."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from delivery.providers.accounts import Account
from delivery.providers.fcm.adapter import FCMAdapter
from delivery.providers.fcm.codes import CODES, QUOTA_FAILURE, QUOTA_WAIT_S, outcome
from delivery.providers.port import NotBegun, Taken
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
from tests.delivery.providers.made_orders import push as order
from tests.simulators import fcm


def device(number: int) -> str:
    return f"fcm-token-{number:04d}"


@pytest.fixture(scope="module")
def simulator():
    with fcm.FCMSimulator() as running:
        yield running


@pytest.fixture
def key_file(simulator, tmp_path):
    return write_key(simulator, tmp_path)


def write_key(simulator, folder):
    path = folder / "service-account.json"
    path.write_text(json.dumps(simulator.service_account))
    return path


@pytest.fixture
def account(simulator, key_file):
    def made(**options):
        return Account(
            name="fcm-main", provider="fcm", channel="push", rate=800, options=simulator.options(key_file) | options
        )

    return made


@pytest.fixture(autouse=True)
def nothing_told(simulator):
    simulator.script.reset()
    simulator.oauth.answer, simulator.oauth.life_s = None, 3_600


@pytest.fixture
def adapter(account):
    made = FCMAdapter(account())
    yield made
    made.close()


@pytest.fixture(scope="module")
def kept(simulator, tmp_path_factory):
    """One adapter for the tests that leave its connection and its token alone."""
    options = simulator.options(write_key(simulator, tmp_path_factory.mktemp("kept")))
    made = FCMAdapter(Account(name="kept", provider="fcm", channel="push", rate=800, options=options))
    yield made
    made.close()


def kinds(results) -> Counter[type]:
    return Counter(type(result) for result in results)


def told(received):
    return json.loads(received.body)["message"]


class TestWhatGoesOut:
    def test_the_message_is_as_google_asks_for_it(self, kept, simulator):
        content = Content(title="Shipped 👋", body="في الطريق", action_url="/orders/17", data={"order": "A-17"})
        one = order(device(1), content=content, collapse_key="order-17", expires_at=now_ms() + 60_000, badge=3)
        (result,) = kept.send([one])
        assert isinstance(result, Taken)
        assert result.provider_id.startswith(f"projects/{fcm.PROJECT}/messages/")
        message = told(simulator.script.received[0])
        assert message["token"] == device(1)
        assert message["notification"] == {"title": "Shipped 👋", "body": "في الطريق"}
        assert message["data"] == {
            "notification_id": "notif_1",
            "type": "order_shipped",
            "action_url": "/orders/17",
            "data": '{"order":"A-17"}',
        }
        android = message["android"]
        assert (android["collapse_key"], android["priority"]) == ("order-17", "high")
        assert 55 <= float(android["ttl"].rstrip("s")) <= 60
        assert android["notification"] == {"channel_id": "order_updates", "tag": "order-17", "notification_count": 3}

    @pytest.mark.parametrize(("priority", "urgency"), [("critical", "high"), ("normal", "normal"), ("low", "normal")])
    def test_a_priority_has_its_own_urgency(self, kept, simulator, priority, urgency):
        kept.send([order(device(1), priority=priority)])
        android = told(simulator.script.received[0])["android"]
        assert android["priority"] == urgency
        assert "ttl" not in android

    def test_the_android_channel_can_be_given(self, account, simulator):
        adapter = FCMAdapter(account(android_channel="all"))
        adapter.send([order(device(1))])
        assert told(simulator.script.received[0])["android"]["notification"]["channel_id"] == "all"
        adapter.close()

    def test_4096_bytes_go_out_and_one_more_is_refused_with_the_figures(self, kept, simulator):
        whole = {
            "notification": {"body": ""},
            "data": {"notification_id": "notif_1", "type": "order_shipped"},
        }
        room = 4_096 - len(json.dumps(whole, separators=(",", ":")))
        contents = [Content(body="x" * (room + more)) for more in (0, 1)]
        results = kept.send([order(device(n), content=content) for n, content in enumerate(contents)])
        assert kinds(results) == {Taken: 1, PermanentForMessage: 1}
        assert "4,097 bytes, FCM takes 4,096" in results[1].detail

    @pytest.mark.parametrize(
        ("address", "content", "kind"),
        [
            ("", Content(body="x"), PermanentForAddress),
            (device(1), Content(), PermanentForMessage),
            (device(1), Content(body="half \ud83d"), PermanentForMessage),
        ],
    )
    def test_what_fcm_cannot_take_is_refused_before_it_is_sent(self, kept, simulator, address, content, kind):
        assert kinds(kept.send([order(address, content=content), order(device(2))])) == {kind: 1, Taken: 1}
        assert len(simulator.script.received) == 1


class TestCodes:
    def test_the_simulator_knows_the_codes_of_the_table(self):
        known = {code: status for code, (status, _) in fcm.OWN.items()} | fcm.GOOGLE
        assert {code: meaning.status for code, meaning in CODES.items()} == known

    @pytest.mark.parametrize("code", CODES)
    def test_every_code_has_its_outcome_at_the_first_answer(self, kept, simulator, code):
        simulator.script.answer(code)
        (result,) = kept.send([order(device(1))])
        assert (type(result), result.provider_code) == (CODES[code].kind, code)
        assert len(simulator.script.received) == 1

    def test_a_token_that_is_none_is_a_dead_address(self, kept, simulator):
        simulator.script.answer("INVALID_ARGUMENT", field="message.token")
        simulator.script.answer("INVALID_ARGUMENT", field="message.data")
        address, message = kept.send([order(device(1)), order(device(2))])
        assert isinstance(address, PermanentForAddress)
        assert isinstance(message, PermanentForMessage)
        assert "message.data" in message.detail

    @pytest.mark.parametrize("code", ["QUOTA_EXCEEDED", "UNAVAILABLE"])
    def test_retry_after_is_kept_in_seconds_or_as_a_date(self, kept, simulator, code):
        simulator.script.answer(code, retry_after=30)
        simulator.script.answer(code, retry_after=format_datetime(datetime.now(UTC) + timedelta(seconds=90), True))
        first, second = (kept.send([order(device(n))])[0] for n in range(2))
        assert first.retry_after == 30.0
        assert 80 < second.retry_after <= 90

    def test_a_quota_without_a_wait_waits_a_minute(self, kept, simulator):
        simulator.script.answer("QUOTA_EXCEEDED")
        (result,) = kept.send([order(device(1))])
        assert (type(result), result.retry_after) == (ProviderRateLimited, QUOTA_WAIT_S)

    @pytest.mark.parametrize(
        ("status", "kind"), [(400, PermanentForMessage), (429, ProviderRateLimited), (502, Transient)]
    )
    def test_an_answer_that_is_no_json_goes_by_its_status(self, kept, simulator, status, kind):
        simulator.script.answer("<html>gateway</html>", status=status)
        (result,) = kept.send([order(device(1))])
        assert (type(result), result.provider_code) == (kind, str(status))

    def test_beyond_a_rate_the_rest_is_limited(self, kept, simulator):
        simulator.script.limit(20, within_s=60)
        assert kinds(kept.send([order(device(n)) for n in range(50)])) == {Taken: 20, ProviderRateLimited: 30}

    @pytest.mark.parametrize(
        ("violations", "of_part"),
        [
            (["Device message rate exceeded."], True),
            (["Message rate exceeded."], False),
            (["Device message rate exceeded.", "Message rate exceeded."], False),
            ([], False),
        ],
    )
    def test_a_devices_own_rate_is_nobody_elses_matter(self, violations, of_part):
        failure = {"@type": QUOTA_FAILURE, "violations": [{"subject": "", "description": each} for each in violations]}
        found = outcome(429, {"status": "RESOURCE_EXHAUSTED", "details": [failure]})
        assert (type(found), found.retry_after, found.of_part) == (ProviderRateLimited, QUOTA_WAIT_S, of_part)


class TestTokens:
    def test_one_access_token_serves_many_batches(self, adapter, simulator):
        before = len(simulator.oauth.issued)
        for batch in range(3):
            adapter.send([order(device(10 * batch + n)) for n in range(10)])
        assert len(simulator.oauth.issued) == before + 1

    def test_one_that_runs_out_is_renewed(self, adapter, simulator):
        simulator.oauth.life_s = 1
        before = len(simulator.oauth.issued)
        for batch in range(2):
            assert kinds(adapter.send([order(device(batch))])) == {Taken: 1}
        assert len(simulator.oauth.issued) == before + 2

    def test_one_that_is_refused_is_asked_for_anew_at_the_next_batch(self, adapter, simulator):
        adapter.send([order(device(1))])
        simulator.oauth.issued.clear()
        assert kinds(adapter.send([order(device(2))])) == {Misconfigured: 1}
        assert kinds(adapter.send([order(device(3))])) == {Taken: 1}

    def test_a_revoked_key_is_ours_to_mend(self, adapter, simulator):
        simulator.oauth.answer = (400, {"error": "invalid_grant", "error_description": "account not found"})
        with pytest.raises(Misconfigured, match=r"fcm-main.*invalid_grant"):
            adapter.send([order(device(1))])
        assert simulator.script.received == []

    def test_a_token_endpoint_that_fails_is_transient_and_asked_once(self, adapter, simulator):
        simulator.oauth.answer = (503, {"error": "unavailable"})
        with pytest.raises(Transient, match="503"):
            adapter.send([order(device(1))])


class TestConnections:
    def test_one_connection_is_kept_and_one_bad_among_500_takes_none_with_it(self, adapter, simulator):
        simulator.script.answer("UNREGISTERED", times=None, address=f"^{device(250)}$")
        results = adapter.send([order(device(n)) for n in range(500)])
        assert kinds(results) == {Taken: 499, PermanentForAddress: 1}
        assert isinstance(results[250], PermanentForAddress)
        assert simulator.script.connections == 1
        assert max(Counter(got.address for got in simulator.script.accepted()).values()) == 1

    def test_a_connection_cut_in_mid_batch_leaves_the_unanswered_in_doubt(self, adapter, simulator):
        simulator.script.drop(after=20)
        orders = [order(device(n)) for n in range(50)]
        results = adapter.send(orders)
        received = {got.address for got in simulator.script.received}
        assert set(kinds(results)) <= {Taken, Ambiguous, Transient}
        for one, result in zip(orders, results, strict=True):
            assert not isinstance(result, Taken) or one.send.address in received
            assert not isinstance(result, Transient) or one.send.address not in received
        assert kinds(adapter.send([order(device(n)) for n in range(50, 60)])) == {Taken: 10}

    def test_after_goaway_nothing_is_sent_twice_and_nothing_called_sent_that_was_not(self, adapter, simulator):
        simulator.script.goaway(after=20)
        orders = [order(device(n)) for n in range(50)]
        results = adapter.send(orders)
        received = Counter(got.address for got in simulator.script.received)
        assert max(received.values()) == 1
        assert set(kinds(results)) <= {Taken, Ambiguous}
        assert all(
            received[one.send.address] for one, got in zip(orders, results, strict=True) if isinstance(got, Taken)
        )
        assert kinds(adapter.send([order(device(n)) for n in range(50, 60)])) == {Taken: 10}

    def test_accepted_without_an_answer_is_in_doubt_at_the_time_out(self, account, simulator, settings):
        settings.PROVIDER_TIMEOUT_S = 0.6
        adapter = FCMAdapter(account())
        simulator.script.silence(times=None, address=f"^{device(7)}$")
        results = adapter.send([order(device(n)) for n in range(20)])
        assert kinds(results) == {Taken: 19, Ambiguous: 1}
        assert results[7].provider_code == "timeout"
        assert kinds(adapter.send([order(device(n)) for n in range(20, 40)])) == {Taken: 20}
        adapter.close()

    def test_in_doubt_is_only_what_has_left(self, account, simulator, settings):
        settings.PROVIDER_TIMEOUT_S = 0.6
        simulator.script.silence(times=None)
        adapter, orders = FCMAdapter(account(streams=5)), [order(device(n)) for n in range(20)]
        results = adapter.send(orders)
        doubted = {one.send.address for one, got in zip(orders, results, strict=True) if isinstance(got, Ambiguous)}
        assert doubted == {got.address for got in simulator.script.received}
        assert set(kinds(results)) == {Ambiguous, NotBegun}
        adapter.close()

    def test_sends_that_were_given_up_leave_their_place_to_others(self, tmp_path, settings):
        settings.PROVIDER_TIMEOUT_S = 0.6
        with fcm.FCMSimulator(max_streams=10) as narrow:
            options = narrow.options(write_key(narrow, tmp_path))
            adapter = FCMAdapter(Account(name="narrow", provider="fcm", channel="push", rate=1, options=options))
            narrow.script.silence(times=9)
            narrow.script.latency_s = 0.02
            first = adapter.send([order(device(n)) for n in range(40)])
            assert kinds(first)[Ambiguous] == 9
            assert kinds(first)[Taken] >= 3  # an answer that has come doesn't wait behind one that doesn't
            narrow.script.lift()
            assert kinds(adapter.send([order(device(n)) for n in range(40, 60)])) == {Taken: 20}
            assert narrow.script.connections == 1
            adapter.close()

    def test_rubbish_on_the_wire_leaves_the_unanswered_in_doubt(self, account, simulator, settings):
        settings.PROVIDER_TIMEOUT_S = 0.6
        adapter = FCMAdapter(account())
        simulator.script.rubbish()
        assert kinds(adapter.send([order(device(1))])) == {Ambiguous: 1}
        assert kinds(adapter.send([order(device(2))])) == {Taken: 1}
        adapter.close()

    def test_nothing_is_begun_after_the_deadline(self, adapter, simulator):
        assert kinds(adapter.send([order(device(1), room_ms=0)])) == {NotBegun: 1}
        assert simulator.script.received == []

    def test_nobody_there_is_transient_and_the_check_says_so(self, account):
        adapter = FCMAdapter(account(url="https://127.0.0.1:1"))
        assert kinds(adapter.send([order(device(n)) for n in range(10)])) == {Transient: 10}
        with pytest.raises(Transient, match="can't be reached"):
            adapter.check()
        adapter.close()


class TestAccount:
    def test_the_check_gets_a_token_and_sends_nothing(self, adapter, simulator):
        assert "access token" in adapter.check()
        assert simulator.script.accepted() == []

    def test_a_server_nobody_vouches_for_is_refused(self, account):
        adapter = FCMAdapter(account(ca_file=""))
        assert kinds(adapter.send([order(device(1))])) == {Misconfigured: 1}
        adapter.close()

    @pytest.mark.parametrize(
        ("options", "says"),
        [
            ({"url": "http://fcm.example"}, "url"),
            ({"colour": "red"}, "colour"),
            ({"ca_file": "/nowhere"}, "ca_file"),
            ({"service_account_file": ""}, "service_account_file"),
        ],
    )
    def test_options_that_make_no_sense_are_refused_by_name(self, account, options, says):
        with pytest.raises(Misconfigured, match=f"fcm-main.*{says}"):
            FCMAdapter(account(**options))

    @pytest.mark.parametrize("text", ["no json", "[]", '{"project_id": "x"}'])
    def test_a_key_that_is_none_is_refused(self, account, key_file, text):
        key_file.write_text(text)
        with pytest.raises(Misconfigured, match=r"service_account can't be used.*Firebase"):
            FCMAdapter(account())
