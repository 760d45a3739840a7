"""APNs over the wire, with aioapns: connections that misbehave."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from delivery.providers import loop
from delivery.providers.accounts import Account
from delivery.providers.apns import message
from delivery.providers.apns import pool as apns_pool
from delivery.providers.apns.adapter import APNsAdapter
from delivery.providers.apns.options import Options, signing_key
from delivery.providers.apns.pool import Pool
from delivery.providers.options import options_of
from delivery.providers.port import NotBegun, Taken
from foundation.clock import now_ms
from foundation.errors import (
    Ambiguous,
    PermanentForAddress,
    Transient,
)
from tests.delivery.providers.apns.devices import DEVICE, device, kinds
from tests.delivery.providers.made_orders import push as order
from tests.simulators import apns


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
