"""FCM over the wire, with firebase-admin: what goes out."""

from __future__ import annotations

import json

import pytest

from delivery.providers.fcm.adapter import FCMAdapter
from delivery.providers.port import Taken
from foundation.clock import now_ms
from foundation.errors import (
    PermanentForAddress,
    PermanentForMessage,
)
from templates_app.content import Content
from tests.delivery.providers.fcm.devices import device, kinds, told
from tests.delivery.providers.made_orders import push as order
from tests.simulators import fcm


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
