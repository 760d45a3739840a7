"""Accepting over plain values: what is written, what is refused, what is said."""

from __future__ import annotations

import msgspec
import pytest

from foundation.clock import now_ms, to_rfc3339
from foundation.errors import Forbidden, InvalidRequest, LogUnavailable, RateLimited, TooLarge
from notifications.accept import accept
from notifications.log import get_log
from notifications.lookup import drawn_at
from notifications.sending import Accepted
from tests.engines import own_log
from tests.notifications.accepting import RAISER, SENDER, a_request, make_type, written

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_process", "empty_log")]


def accept_one(request, token=SENDER, now=None):
    return accept([request], token, now=now or now_ms())[0]


def test_an_accepted_event_is_on_the_log_as_it_was_sent():
    make_type(expires_after_s=60)
    answer = accept_one(a_request(collapse_key="parcel"), now=1_000_000)
    [(topic, event, _)] = written()
    assert topic == "notifications.raw"
    assert event.recipients[0].id == answer.notification_id
    assert event.recipients[0].user == "usr_42"
    assert (event.data, event.priority, event.collapse_key) == ({"a": 1}, "high", "parcel")
    assert (event.accepted_at, event.expires_at, event.token) == (1_000_000, 1_060_000, "7")
    assert event.now == drawn_at(answer.notification_id)


def test_the_answer_names_the_types_channels():
    make_type()
    assert accept_one(a_request()).estimated_channels == ["in_app", "push", "email"]


def test_explicit_channels_narrow_the_types_own():
    make_type()
    assert accept_one(a_request(channels=["push", "sms", "push"])).estimated_channels == ["push"]


@pytest.mark.parametrize(
    ("priority", "topic"),
    [
        ("critical", "notifications.critical"),
        ("high", "notifications.raw"),
        ("normal", "notifications.raw"),
        ("low", "notifications.bulk"),
    ],
)
def test_priority_chooses_the_lane(priority, topic):
    make_type()
    accept_one(a_request(priority=priority), RAISER)
    assert [where for where, _, _ in written()] == [topic]


def test_ids_of_a_batch_are_ordered_as_the_batch_was():
    make_type()
    ids = [each.notification_id for each in accept([a_request()] * 50, SENDER, now=now_ms())]
    assert ids == sorted(set(ids))
    assert all(id.startswith("notif_") and len(id) == 38 for id in ids)


REFUSED = {
    "unknown type": ({"type": "order_shiped"}, InvalidRequest, "type", "types add order_shiped"),
    "past": ({"schedule_at": "2020-01-01T00:00:00Z"}, InvalidRequest, "schedule_at", "future"),
    "no zone": ({"schedule_at": "2030-01-01T00:00:00"}, InvalidRequest, "schedule_at", "2026-02-23T14:30:00Z"),
    "no time": ({"schedule_at": "tomorrow"}, InvalidRequest, "schedule_at", "2026-02-23T14:30:00Z"),
    "too far": ({"schedule_at": "2999-01-01T00:00:00Z"}, InvalidRequest, "schedule_at", "one year"),
    "expires before": ({"expires_at": "2020-01-01T00:00:00Z"}, InvalidRequest, "expires_at", "later"),
    "raised": ({"priority": "critical"}, Forbidden, "priority", "priority:raise"),
    "control character": ({"data": {"note": "a\x00b"}}, InvalidRequest, "data.note", "out"),
    "control character in a name": ({"data": {"no\x07te": 1}}, InvalidRequest, "data", "out"),
    "line break in a key": ({"collapse_key": "a\nb"}, InvalidRequest, "collapse_key", "out"),
    "lone surrogate": ({"data": {"list": ["\ud800"]}}, InvalidRequest, "data.list[0]", "UTF-8"),
    "huge number": ({"data": {"n": 2**70}}, InvalidRequest, "data.n", "string"),
    "large": ({"data": {"n": "x" * 70_000}}, TooLarge, "data", "less"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_is_named_with_a_remedy_and_nothing_is_written(name):
    make_type()
    fields, kind, field, remedy = REFUSED[name]
    refusal = accept_one(a_request(**fields))
    assert type(refusal) is kind
    assert refusal.field == field
    assert remedy in refusal.remedy
    assert written() == []


def test_deep_nesting_is_refused():
    make_type()
    deep = {}
    for _ in range(50):
        deep = {"a": deep}
    refusal = accept_one(a_request(data=deep))
    assert isinstance(refusal, InvalidRequest)
    assert "nested" in refusal.detail


def test_line_breaks_and_any_language_are_welcome_in_data():
    make_type()
    data = {"text": "Zeile\n\tzwei 🎉 日本語", "nested": {"flag": True, "none": None, "n": -1.5}}
    accept_one(a_request(data=data))
    assert written()[0][1].data == data


def test_an_unknown_type_names_near_ones():
    make_type()
    assert "`order_shipped`" in accept_one(a_request(type="order_shiped")).detail


def test_a_token_sends_its_own_types_only():
    make_type()
    make_type("password_changed", category="security")
    token = msgspec.structs.replace(SENDER, types=("order_shipped",))
    refusal = accept_one(a_request(type="password_changed"), token)
    assert isinstance(refusal, Forbidden)
    assert refusal.field == "type"


def test_lowering_a_priority_needs_no_scope_and_critical_always_does():
    make_type("login_code", priority="critical")
    assert isinstance(accept_one(a_request(type="login_code")), Forbidden)
    assert isinstance(accept_one(a_request(type="login_code"), RAISER), Accepted)
    assert isinstance(accept_one(a_request(type="login_code", priority="low")), Accepted)


def test_a_schedule_travels_with_the_event_and_its_expiry_counts_from_it():
    make_type(expires_after_s=60)
    now = now_ms()
    accept_one(a_request(schedule_at=to_rfc3339(now + 5_000)), now=now)
    [(_, event, _)] = written()
    assert event.schedule_at == now + 5_000
    assert event.expires_at == now + 65_000


def test_bad_items_dont_spoil_the_good_ones():
    make_type()
    requests = [a_request("a"), a_request("b", type="nope"), a_request("c")]
    results = accept(requests, SENDER, now=now_ms())
    assert [type(each) for each in results] == [Accepted, InvalidRequest, Accepted]
    assert sorted(event.recipients[0].user for _, event, _ in written()) == ["a", "c"]


def test_a_token_over_its_rate_is_told_when_to_come_back():
    make_type()
    token = msgspec.structs.replace(SENDER, rate=10)
    accept([a_request()] * 25, token, now=now_ms())
    with pytest.raises(RateLimited) as refusal:
        accept([a_request()], token, now=now_ms())
    assert 1 <= refusal.value.retry_after <= 2
    assert len(written()) == 25


def test_the_allowance_is_shared_by_processes_and_comes_back(monkeypatch):
    make_type()
    from notifications import rate

    token = msgspec.structs.replace(SENDER, rate=1_000)
    clock = [now_ms()]
    monkeypatch.setattr(rate, "now_ms", lambda: clock[0])
    rate.charge(token, 1_000)
    rate._slices.clear()  # another process
    with pytest.raises(RateLimited):
        rate.charge(token, 1)
    clock[0] += 500
    rate.charge(token, 400)


def test_with_the_log_away_nothing_is_answered(settings, tmp_path):
    make_type()
    get_log().close()
    settings.LOG_OPTIONS = own_log(settings.LOG_OPTIONS, tmp_path / "without topics")
    get_log.cache_clear()
    with pytest.raises(LogUnavailable):
        accept([a_request()], SENDER, now=now_ms())
