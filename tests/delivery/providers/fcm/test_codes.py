"""FCM over the wire, with firebase-admin: every code of the table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from delivery.providers.fcm.codes import CODES, QUOTA_FAILURE, QUOTA_WAIT_S, outcome
from delivery.providers.port import Taken
from foundation.errors import (
    PermanentForAddress,
    PermanentForMessage,
    ProviderRateLimited,
    Transient,
)
from tests.delivery.providers.fcm.devices import device, kinds
from tests.delivery.providers.made_orders import push as order
from tests.simulators import fcm


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
