"""What operators hold back: channels and types, each with who, when and why; nothing is lost by it."""

from __future__ import annotations

import pytest
from auditlog.models import LogEntry

from delivery import account_settings, breaker, controls
from delivery.controls import Held
from delivery.models import Control
from delivery.stages import making
from foundation.clock import now_ms
from foundation.errors import InvalidRequest
from foundation.redis import get_redis
from notifications.due import table
from notifications.due.entry import HELD, DueEntry
from notifications.due.models import DueRow
from preferences.facts import Address, Verdict
from templates_app.models import NotificationType
from tests.delivery.conftest import DATABASES
from tests.delivery.test_roles import somebody

CONTROL = "/admin/delivery/control/"
SEND = Verdict(channel="sms", verdict="send", addresses=(Address("+4915112345678"),))
DROP = Verdict(channel="email", verdict="drop", reason="opted_out")


class TestRouting:
    def test_a_held_type_waits_on_every_channel_and_a_drop_stays_one(self):
        held = Held(types={"order_shipped": "wrong price"})
        sms, email = controls.hold_back("order_shipped", (SEND, DROP), 5_000, held)
        assert (sms.verdict, sms.reason, sms.due) == ("defer", "held", 5_000 + controls.LOOK_AGAIN_MS)
        assert email == DROP
        assert controls.hold_back("welcome", (SEND,), 5_000, held) == (SEND,)

    def test_a_draining_channel_takes_nothing_new_and_the_others_do(self):
        held = Held(draining={"sms": "we move to another provider"})
        push = Verdict(channel="push", verdict="send")
        assert [each.verdict for each in controls.hold_back("welcome", (SEND, push), 0, held)] == ["defer", "send"]

    def test_what_is_paused_is_routed_all_the_same(self):
        assert controls.hold_back("welcome", (SEND,), 0, Held(paused={"sms": "x"})) == (SEND,)

    def test_the_row_of_what_is_held_may_be_a_repeat(self):
        from notifications.records import Event, Recipient

        event = Event(
            lane="standard", priority="normal", recipients=[Recipient("notif_1", "usr_1")], type="welcome",
            data={}, now=5_000, accepted_at=5_000,
        )  # fmt: skip
        verdicts = controls.hold_back("welcome", (SEND,), event.now, Held(types={"welcome": "x"}))
        (row,) = making.deferrals(event, "notif_1", "usr_1", verdicts, "")
        assert (row.kind, row.channel, row.repeat, row.due_at) == (HELD, "sms", True, verdicts[0].due)


@pytest.mark.django_db(transaction=True, databases=DATABASES)
@pytest.mark.usefixtures("servers")
class TestHolding:
    def test_a_paused_channel_pauses_its_accounts_and_stops_its_topics(self):
        controls.hold("channel", "push", "paused", why="a wrong certificate", by="ann")
        assert breaker.state("apns").why == "channel push: a wrong certificate"
        assert breaker.shut_ms("push") > 0
        assert controls.paused_topics() == {"notifications.push", "notifications.push.bulk"}
        controls.resume("channel", "push", why="mended", by="ann")
        assert (breaker.state("apns").state, controls.paused_topics()) == (breaker.CLOSED, frozenset())

    def test_an_accounts_own_pause_outlives_its_channels(self):
        account_settings.pause("apns", "refused", by="ann")
        controls.hold("channel", "push", "paused", why="x", by="ann")
        controls.resume("channel", "push", why="y", by="ann")
        assert breaker.state("apns").why == "refused"
        assert breaker.state("fcm").state == breaker.CLOSED

    def test_a_wiped_redis_gets_it_back(self, redis):
        controls.hold("channel", "in_app", "paused", why="x", by="ann")
        redis.flushdb()
        account_settings.publish_anew()
        controls.forget()
        assert controls.held().paused == {"in_app": "x"}

    def test_resuming_makes_due_what_waited_for_it_and_nothing_else(self):
        now = now_ms()
        waits = {"user": "usr_1", "channel": "sms", "lane": "standard", "topic": "notifications.raw", "key": "usr_1"}
        later = {"due_at": now + 60_000, "value": b"{}"}
        table.put(
            [
                DueEntry(identity="held", notification_id="notif_1", kind=HELD, **waits, **later),
                DueEntry(identity="quiet", notification_id="notif_2", kind="quiet_hours", **waits, **later),
            ]
        )
        controls.resume("channel", "sms", why="x", by="ann")
        assert DueRow.objects.get(pk="held").due_at <= now_ms()
        assert DueRow.objects.get(pk="quiet").due_at == now + 60_000

    @pytest.mark.parametrize(
        ("kind", "name", "mode", "why"),
        [("channel", "fax", "paused", "x"), ("type", "nope", "draining", "x"), ("channel", "push", "paused", "  ")],
    )
    def test_what_is_not_there_or_not_explained_is_refused(self, kind, name, mode, why):
        with pytest.raises(InvalidRequest):
            controls.hold(kind, name, mode, why=why, by="ann")

    def test_with_redis_away_it_goes_by_what_it_read_last(self, monkeypatch):
        controls.hold("channel", "push", "paused", why="x", by="ann")
        assert controls.held().paused
        monkeypatch.setattr(controls, "FRESH_S", 0)
        monkeypatch.setattr(get_redis(), "hgetall", _away)
        assert controls.held().paused == {"push": "x"}


def _away(*_):
    import redis

    raise redis.ConnectionError


@pytest.mark.django_db(transaction=True, databases=DATABASES)
@pytest.mark.usefixtures("servers")
class TestPages:
    def test_each_change_asks_why_and_says_what_will_happen(self):
        operator = somebody("operator")
        page = operator.get(f"{CONTROL}channel/push/pause/").content.decode()
        assert "What will happen" in page
        operator.post(f"{CONTROL}channel/push/pause/", {"why": ""})
        assert not controls.held().paused
        operator.post(f"{CONTROL}channel/push/pause/", {"why": "a wrong certificate"})
        assert controls.held().paused == {"push": "a wrong certificate"}
        assert "a wrong certificate" in operator.get(CONTROL).content.decode()

    def test_who_when_and_why_stand_in_the_audit_trail(self):
        operator = somebody("operator")
        operator.post(f"{CONTROL}account/ses/rate/", {"rate": "7", "why": "their limit"})
        assert account_settings.rates_set() == {"ses": 7}
        changes = [row.changes_dict for row in LogEntry.objects.filter(actor__username="operator")]
        assert any(each.get("why", ("", ""))[1] == "their limit" and each["rate"][1] == "7" for each in changes), (
            changes
        )

    def test_a_type_is_chosen_from_a_list(self):
        NotificationType.objects.create(name="welcome", category="social", channels=["in_app"])
        operator = somebody("operator")
        address = f"{CONTROL}type/-/drain/?name=welcome"
        assert "welcome" in operator.get(address).content.decode()
        operator.post(address, {"why": "a wrong link"})
        assert Control.objects.get(kind="type").name == "welcome"
        assert "welcome" in controls.held().types

    @pytest.mark.parametrize(
        "path", ["channel/fax/pause/", "type/nope/drain/", "account/no/pause/", "channel/push/kill/"]
    )
    def test_what_is_not_there_is_not_found(self, path):
        assert somebody("operator").get(CONTROL + path).status_code == 404
