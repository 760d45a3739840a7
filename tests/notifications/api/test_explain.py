"""POST /notifications/explain: the router's own decision, dry; a past one beside today's."""

from __future__ import annotations

import pytest

from foundation.identifiers import new_notification_id
from notifications.records import ChannelDecision, Decision, Event, Recipient
from notifications.store import get_store
from notifications.store.port import Details
from preferences.registry import put_user
from templates_app.publish import publish
from templates_app.words import Words
from tests.notifications.accepting import make_type, written
from tests.notifications.api.calling import EVENT, Caller, assert_problem

pytestmark = [
    pytest.mark.django_db(databases=["default", "store"]),
    pytest.mark.usefixtures("fresh_process", "empty_log"),
]


@pytest.fixture
def service() -> Caller:
    kind = make_type()
    words = [Words("in_app", "en", title="Order {{ order_id }} has shipped"), Words("email", "en", title="Shipped")]
    publish(kind, words)
    return Caller("notifications:send")


def by_channel(answer):
    return {channel["channel"]: channel for channel in answer["channels"]}


def test_each_channel_says_why_and_what_would_be_rendered(service):
    put_user("usr_42", {"email": "ann@example.com"})
    answer = service.post("notifications/explain", EVENT)
    assert answer.status_code == 200
    channels = by_channel(answer.json())
    assert channels["in_app"]["verdict"] == "send"
    assert channels["in_app"]["rendered"]["title"] == "Order ord_abc123 has shipped"
    assert channels["email"]["limit"] == {"name": "email", "count": 10, "seconds": 3600}
    assert (channels["push"]["verdict"], channels["push"]["reason"]) == ("drop", "no_address")
    assert all(channel["detail"] for channel in channels.values())
    assert answer.json()["estimated_channels"] == ["in_app", "email"]


def test_nothing_is_written_and_no_address_is_told(service):
    put_user("usr_42", {"email": "ann@example.com"})
    answer = service.post("notifications/explain", EVENT)
    assert b"ann@example.com" not in answer.content
    assert written() == []


def test_what_the_request_itself_gets_wrong_is_refused_alike(service):
    assert_problem(service.post("notifications/explain", EVENT | {"type": "order_shiped"}), 400, "type")
    assert_problem(service.post("notifications/explain", EVENT | {"prio": 1}), 400, "prio")
    assert_problem(service.post("notifications/explain", EVENT | {"schedule_at": "2020-01-01T00:00:00Z"}), 400)


def decided(service: Caller) -> str:
    id = new_notification_id()
    event = Event(
        lane="standard",
        priority="high",
        recipients=[Recipient(id, "usr_42")],
        type="order_shipped",
        data={"order_id": "A"},
        now=1_000,
        accepted_at=1_000,
        token=str(service.row.pk),
    )
    taken = ChannelDecision(channel="push", verdict="drop", reason="opted_out", detail="Turned off.", setting="pref")
    decision = Decision(id=id, user="usr_42", event=event, channels=[taken], saw={"locale": "de"}, at=1_001)
    get_store().record_details([Details(decision=decision)])
    return id


def test_a_past_decision_stands_beside_todays(service):
    answer = service.post("notifications/explain", {"notification_id": decided(service)}).json()
    assert answer["decided"][0]["channels"][0]["reason"] == "opted_out"
    assert answer["decided"][0]["saw"] == {"locale": "de"}
    assert by_channel(answer["today"])["push"]["reason"] == "no_address"


def test_anothers_decision_is_not_told(service):
    id = decided(service)
    other = Caller("notifications:send", "notifications:read")
    unknown = other.post("notifications/explain", {"notification_id": new_notification_id()})
    foreign = other.post("notifications/explain", {"notification_id": id})
    assert assert_problem(foreign, 404) == assert_problem(unknown, 404)
