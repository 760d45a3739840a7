"""FCM's access tokens: kept, renewed, refused."""

from __future__ import annotations

import pytest

from delivery.providers.port import Taken
from foundation.errors import (
    Misconfigured,
    Transient,
)
from tests.delivery.providers.fcm.devices import device, kinds
from tests.delivery.providers.made_orders import push as order


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
