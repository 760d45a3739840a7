"""An account at FCM: its check, and options that make no sense."""

from __future__ import annotations

import pytest

from delivery.providers.fcm.adapter import FCMAdapter
from foundation.errors import (
    Misconfigured,
)
from tests.delivery.providers.fcm.devices import device, kinds
from tests.delivery.providers.made_orders import push as order


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
