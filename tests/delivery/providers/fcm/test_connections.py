"""FCM over the wire, with firebase-admin: connections that misbehave."""

from __future__ import annotations

from collections import Counter

import pytest

from delivery.providers.accounts import Account
from delivery.providers.fcm.adapter import FCMAdapter
from delivery.providers.port import NotBegun, Taken
from foundation.errors import (
    Ambiguous,
    PermanentForAddress,
    Transient,
)
from tests.delivery.providers.fcm.devices import device, kinds, write_key
from tests.delivery.providers.made_orders import push as order
from tests.simulators import fcm


class TestConnections:
    def test_one_connection_is_kept_and_one_bad_among_500_takes_none_with_it(self, adapter, simulator, settings):
        settings.PROVIDER_TIMEOUT_S = 60.0  # on a busy machine some of 500 wouldn't be begun in time
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
