"""An account at APNs: its check, and options that make no sense."""

from __future__ import annotations

import pytest

from delivery.providers.apns.adapter import APNsAdapter
from foundation.errors import (
    Misconfigured,
)


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
