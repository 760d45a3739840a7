"""APNs over the wire, with aioapns: what goes out."""

from __future__ import annotations

import json

import pytest

from delivery.providers.port import Taken
from foundation.clock import now_ms
from foundation.errors import (
    PermanentForAddress,
    PermanentForMessage,
)
from templates_app.content import Content
from tests.delivery.providers.apns.devices import DEVICE, device, kinds
from tests.delivery.providers.made_orders import push as order
from tests.simulators import apns


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
