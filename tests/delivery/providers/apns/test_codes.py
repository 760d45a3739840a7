"""APNs over the wire, with aioapns: every code of the table."""

from __future__ import annotations

import pytest

from delivery.providers.apns.adapter import APNsAdapter
from delivery.providers.apns.codes import REASONS
from delivery.providers.dead_since import dead_since
from delivery.providers.port import Taken
from foundation.errors import (
    Misconfigured,
    PermanentForAddress,
    PermanentForMessage,
    ProviderRateLimited,
    Transient,
)
from tests.delivery.providers.apns.devices import DEVICE, device, kinds
from tests.delivery.providers.made_orders import push as order
from tests.simulators import apns


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
