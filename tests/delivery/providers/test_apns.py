"""APNs over the wire, with aioapns: what goes out, every code of the table, and connections that misbehave."""

from __future__ import annotations

import asyncio
import json
from collections import Counter

import pytest

from delivery.providers import loop
from delivery.providers.accounts import Account
from delivery.providers.apns import message
from delivery.providers.apns import pool as apns_pool
from delivery.providers.apns.adapter import APNsAdapter
from delivery.providers.apns.codes import REASONS
from delivery.providers.apns.options import Options, signing_key
from delivery.providers.apns.pool import Pool
from delivery.providers.dead_since import dead_since
from delivery.providers.options import options_of
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
from tests.simulators import apns

DEVICE = "a1" * 32


def device(number: int) -> str:
    return f"{number:064x}"


@pytest.fixture(scope="module")
def simulator():
    with apns.APNsSimulator() as running:
        yield running


@pytest.fixture
def key_file(simulator, tmp_path):
    path = tmp_path / "key.p8"
    path.write_text(simulator.key_pem)
    return path


@pytest.fixture
def account(simulator, key_file):
    def made(**options):
        return Account(
            name="apns-main", provider="apns", channel="push", rate=4_000, options=simulator.options(key_file) | options
        )

    return made


@pytest.fixture
def adapter(simulator, account):
    simulator.script.reset()
    made = APNsAdapter(account())
    yield made
    made.close()


def kinds(results) -> Counter[type]:
    return Counter(type(result) for result in results)


class TestWhatGoesOut:
    def test_the_request_is_as_apple_asks_for_it(self, adapter, simulator):
        one = order(DEVICE, collapse_key="order-17", expires_at=now_ms() + 60_000, badge=3)
        (result,) = adapter.send([one])
        assert isinstance(result, Taken)
        assert result.provider_id == one.id
        (got,) = simulator.script.received
        assert (got.id, got.address) == (one.id, DEVICE)
        assert got.headers["apns-topic"] == apns.TOPIC
        assert got.headers["apns-priority"] == "10"
        assert got.headers["apns-push-type"] == "alert"
        assert got.headers["apns-collapse-id"] == "order-17"
        assert 55 <= int(got.headers["apns-expiration"]) - now_ms() / 1_000 <= 61
        told = json.loads(got.body)
        assert told["aps"]["alert"] == {"title": "Shipped", "body": "Order A-17 is on its way"}
        assert (told["aps"]["badge"], told["aps"]["interruption-level"]) == (3, "active")
        assert (told["notification_id"], told["type"]) == ("notif_1", "order_shipped")

    @pytest.mark.parametrize(
        ("priority", "header", "level"),
        [
            ("critical", "10", "time-sensitive"),
            ("high", "10", "active"),
            ("normal", "5", "active"),
            ("low", "5", "active"),
        ],
    )
    def test_a_priority_has_its_own_urgency(self, adapter, simulator, priority, header, level):
        adapter.send([order(DEVICE, priority=priority)])
        (got,) = simulator.script.received
        aps = json.loads(got.body)["aps"]
        assert (got.headers["apns-priority"], aps["interruption-level"]) == (header, level)
        assert "badge" not in aps

    def test_any_script_arrives_as_it_was_written(self, adapter, simulator):
        adapter.send([order(DEVICE, content=Content(title="مرحبا 👋", body="שלום"))])
        assert json.loads(simulator.script.received[0].body)["aps"]["alert"] == {"title": "مرحبا 👋", "body": "שלום"}

    def test_4096_bytes_go_out_and_one_more_is_refused_with_the_figures(self, adapter, simulator):
        room = 4_096 - len(self.sent_body(adapter, simulator, Content(body="x")))
        fits, over = (Content(body="x" * (1 + room + more)) for more in (0, 1))
        results = adapter.send([order(device(1), content=fits), order(device(2), content=over)])
        assert kinds(results) == {Taken: 1, PermanentForMessage: 1}
        assert "4,097 bytes, APNs takes 4,096" in results[1].detail
        assert len(simulator.script.received[-1].body) == 4_096

    def sent_body(self, adapter, simulator, content):
        adapter.send([order(DEVICE, content=content)])
        return simulator.script.received[-1].body

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"collapse_key": "ö" * 33}, "BadCollapseId"),
            ({"content": Content()}, "empty"),
            ({"content": Content(body="half \ud83d")}, "text"),
        ],
    )
    def test_what_apns_cannot_take_is_refused_before_it_is_sent(self, adapter, simulator, fields, code):
        bad, good = adapter.send([order(device(1), **fields), order(device(2))])
        assert (type(bad), bad.provider_code) == (PermanentForMessage, code)
        assert isinstance(good, Taken)
        assert len(simulator.script.received) == 1

    @pytest.mark.parametrize("address", ["", "not-hex", "a1" * 31, DEVICE + "/../x"])
    def test_an_address_that_is_no_token_is_dead(self, adapter, simulator, address):
        (result,) = adapter.send([order(address)])
        assert isinstance(result, PermanentForAddress)
        assert simulator.script.received == []


class TestCodes:
    def test_the_simulator_knows_the_reasons_of_the_table(self):
        assert {reason: meaning.status for reason, meaning in REASONS.items()} == apns.STATUS

    @pytest.mark.parametrize("reason", REASONS)
    def test_every_reason_has_its_outcome(self, adapter, simulator, reason):
        simulator.script.answer(reason)
        (result,) = adapter.send([order(DEVICE)])
        assert (type(result), result.provider_code) == (REASONS[reason].kind, reason)
        assert result.detail == REASONS[reason].remedy

    @pytest.mark.parametrize(
        ("status", "kind"),
        [
            (400, PermanentForMessage),
            (403, Misconfigured),
            (410, PermanentForAddress),
            (429, ProviderRateLimited),
            (500, Transient),
            (599, Transient),
        ],
    )
    def test_a_reason_nobody_knows_goes_by_its_status(self, adapter, simulator, status, kind):
        simulator.script.answer("NewInTheYear2030", status=status)
        (result,) = adapter.send([order(DEVICE)])
        assert (type(result), result.provider_code) == (kind, "NewInTheYear2030")

    def test_an_answer_that_is_no_json_goes_by_its_status(self, adapter, simulator):
        simulator.script.answer("<html>bad gateway</html>", status=502)
        (result,) = adapter.send([order(DEVICE)])
        assert (type(result), result.provider_code) == (Transient, "502")

    def test_a_device_that_is_gone_says_since_when(self, adapter, simulator):
        simulator.script.answer("Unregistered", timestamp=1_700_000_000_000)
        (result,) = adapter.send([order(DEVICE)])
        assert isinstance(result, PermanentForAddress)
        assert dead_since(result.provider_code) == 1_700_000_000_000
        assert "2023-11-14T22:13:20" in result.detail

    def test_too_many_says_how_long_to_wait(self, adapter, simulator):
        simulator.script.answer("TooManyRequests", retry_after=30)
        (result,) = adapter.send([order(DEVICE)])
        assert (type(result), result.retry_after) == (ProviderRateLimited, 30.0)

    def test_beyond_a_rate_the_rest_is_limited(self, adapter, simulator):
        simulator.script.limit(20, within_s=60)
        results = adapter.send([order(device(n)) for n in range(50)])
        assert kinds(results) == {Taken: 20, ProviderRateLimited: 30}

    def test_a_key_of_another_team_is_ours_to_mend(self, account, simulator, tmp_path):
        simulator.script.reset()
        other = tmp_path / "other.p8"
        with apns.APNsSimulator() as elsewhere:
            other.write_text(elsewhere.key_pem)
        adapter = APNsAdapter(account(key_file=str(other)))
        (result,) = adapter.send([order(DEVICE)])
        assert (type(result), result.provider_code) == (Misconfigured, "InvalidProviderToken")
        adapter.close()


class TestConnections:
    def test_one_connection_is_kept(self, adapter, simulator):
        for batch in range(3):
            assert kinds(adapter.send([order(device(100 * batch + n)) for n in range(100)])) == {Taken: 100}
        assert simulator.script.connections == 1

    def test_one_bad_among_500_takes_none_with_it(self, adapter, simulator):
        simulator.script.answer("BadDeviceToken", times=None, address=f"^{device(250)}$")
        results = adapter.send([order(device(n)) for n in range(500)])
        assert kinds(results) == {Taken: 499, PermanentForAddress: 1}
        assert isinstance(results[250], PermanentForAddress)
        assert max(Counter(got.id for got in simulator.script.accepted()).values()) == 1

    def test_thousands_of_refusals_do_not_stall_the_connection(self, adapter, simulator):
        simulator.script.answer("Unregistered", times=None, timestamp=1_700_000_000_000)
        for batch in range(6):
            results = adapter.send([order(device(500 * batch + n)) for n in range(500)])
            assert kinds(results) == {PermanentForAddress: 500}
        assert simulator.script.connections == 1

    def test_a_connection_cut_in_mid_batch_leaves_the_unanswered_in_doubt(self, adapter, simulator):
        simulator.script.drop(after=20)
        orders = [order(device(n)) for n in range(50)]
        results = adapter.send(orders)
        taken = {one.id for one, result in zip(orders, results, strict=True) if isinstance(result, Taken)}
        assert set(kinds(results)) <= {Taken, Ambiguous}
        assert taken <= {got.id for got in simulator.script.received}
        assert kinds(results)[Ambiguous] >= 30
        assert kinds(adapter.send([order(device(n)) for n in range(50, 60)])) == {Taken: 10}
        assert simulator.script.connections == 2

    def test_after_goaway_what_is_under_way_is_answered_and_the_rest_goes_over_another_once(self, adapter, simulator):
        simulator.script.latency_s = 0.05
        simulator.script.goaway(after=20)
        results = adapter.send([order(device(n)) for n in range(50)])
        assert kinds(results) == {Taken: 50}
        assert len(simulator.script.received) == len({got.id for got in simulator.script.received}) == 50
        assert simulator.script.connections == 2

    def test_accepted_without_an_answer_is_in_doubt_at_the_time_out(self, adapter, simulator, settings):
        settings.PROVIDER_TIMEOUT_S = 0.3
        simulator.script.silence(times=None, address=f"^{device(7)}$")
        results = adapter.send([order(device(n)) for n in range(20)])
        assert kinds(results) == {Taken: 19, Ambiguous: 1}
        assert isinstance(results[7], Ambiguous)
        assert results[7].provider_code == "timeout"

    def test_an_answer_to_a_send_that_was_given_up_disturbs_nobody(self, account, simulator):
        simulator.script.reset()

        async def scenario():
            pool = Pool(options_of(account(), Options), signing_key(account()), "apns-main")
            connection = await pool.connection()

            def send(number):
                request = message.request_of(order(device(number)), now=now_ms())
                return asyncio.create_task(connection.send_notification(request))

            in_time, given_up = send(3), send(7)
            await asyncio.to_thread(simulator.script.wait, 2)
            simulator.script.release(device(3))
            await in_time
            given_up.cancel()
            await asyncio.wait([given_up])
            simulator.script.release(device(7))
            answers = [await send(number) for number in range(20, 40)]
            is_kept = await pool.connection() is connection
            pool.close()
            return {answer.status for answer in answers}, is_kept

        simulator.script.hold(times=2)
        assert loop.run(scenario(), 10) == ({"200"}, True)
        assert simulator.script.connections == 1

    def test_in_doubt_is_only_what_has_left(self, account, simulator, settings):
        settings.PROVIDER_TIMEOUT_S = 0.4
        simulator.script.reset()
        simulator.script.silence(times=None)
        adapter, orders = APNsAdapter(account(streams=5)), [order(device(n)) for n in range(20)]
        results = adapter.send(orders)
        assert kinds(results) == {Ambiguous: 5, NotBegun: 15}
        doubted = {one.id for one, result in zip(orders, results, strict=True) if isinstance(result, Ambiguous)}
        assert doubted == {got.id for got in simulator.script.received}
        adapter.close()

    def test_a_server_that_says_nothing_is_left_for_another_connection(self, adapter, simulator, monkeypatch):
        monkeypatch.setattr(apns_pool, "CONNECT_S", 0.3)
        simulator.script.mute()
        assert kinds(adapter.send([order(device(1))])) == {Transient: 1}
        assert kinds(adapter.send([order(device(2))])) == {Taken: 1}

    def test_a_connection_where_nobody_answers_any_more_is_left(self, adapter, simulator, settings):
        settings.PROVIDER_TIMEOUT_S = 0.3
        adapter.send([order(device(0))])
        simulator.script.silence(times=20)
        assert kinds(adapter.send([order(device(n)) for n in range(20)])) == {Ambiguous: 20}
        assert kinds(adapter.send([order(device(n)) for n in range(20, 40)])) == {Taken: 20}
        assert simulator.script.connections == 2

    def test_rubbish_on_the_wire_leaves_the_unanswered_in_doubt(self, adapter, simulator, settings):
        settings.PROVIDER_TIMEOUT_S = 0.5
        simulator.script.rubbish(after=5)
        results = adapter.send([order(device(n)) for n in range(20)])
        assert kinds(results) == {Taken: 5, Ambiguous: 15}
        assert kinds(adapter.send([order(DEVICE)])) == {Taken: 1}

    def test_a_server_that_allows_one_stream_gets_one_at_a_time(self, account, key_file):
        with apns.APNsSimulator(max_streams=1) as narrow:
            key_file.write_text(narrow.key_pem)
            narrow_account = Account(
                name="narrow", provider="apns", channel="push", rate=1, options=narrow.options(key_file)
            )
            adapter = APNsAdapter(narrow_account)
            assert kinds(adapter.send([order(device(n)) for n in range(30)])) == {Taken: 30}
            adapter.close()

    def test_nothing_is_begun_after_the_deadline(self, adapter, simulator):
        assert kinds(adapter.send([order(DEVICE, room_ms=0)])) == {NotBegun: 1}
        assert simulator.script.received == []

    def test_nobody_there_is_transient_and_the_check_says_so(self, account):
        adapter = APNsAdapter(account(port=1))
        assert kinds(adapter.send([order(device(n)) for n in range(10)])) == {Transient: 10}
        with pytest.raises(Transient, match=r"127\.0\.0\.1:1 can't be reached"):
            adapter.check()
        adapter.close()


class TestAccount:
    def test_the_check_connects_and_sends_nothing(self, adapter, simulator):
        assert "connected to 127.0.0.1" in adapter.check()
        assert simulator.script.received == []

    def test_a_server_nobody_vouches_for_is_refused(self, account):
        adapter = APNsAdapter(account(ca_file=""))
        with pytest.raises(Misconfigured, match=r"apns-main.*certificate"):
            adapter.check()
        adapter.close()

    @pytest.mark.parametrize(
        ("options", "says"),
        [
            ({"team_id": "short"}, "team_id"),
            ({"topic": 3}, "topic"),
            ({"colour": "red"}, "colour"),
            ({"ca_file": "/nowhere"}, "ca_file"),
            ({"key_file": ""}, "key_file"),
        ],
    )
    def test_options_that_make_no_sense_are_refused_by_name(self, account, options, says):
        with pytest.raises(Misconfigured, match=f"apns-main.*{says}"):
            APNsAdapter(account(**options))

    def test_a_key_that_is_none_is_refused(self, account, key_file):
        key_file.write_text("-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----")
        with pytest.raises(Misconfigured, match=r"no \.p8 key"):
            APNsAdapter(account())
