"""Canaries, pull broadcasts, recalls, local time: how a broadcast ends, and what an inbox shows of it (contract §7)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from channels_app import inbox
from delivery.broadcasts.canary import objections, rates
from foundation.clock import now_ms
from foundation.identifiers import broadcast_notification_id, broadcast_of
from notifications import announce, reports
from notifications.broadcasts import audience, figures, finding, history, pull, recalling, states, steering
from notifications.broadcasts.models import AudiencePortion, Broadcast, Walk
from notifications.broadcasts.request import Canary
from notifications.records import Receipt
from preferences.models import User
from tests.notifications.broadcasts.segments import make_news, make_users
from tests.whole.broadcasting import Broadcasting

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")
CROWD = 100


@pytest.fixture
def air(pipeline) -> Iterator[Broadcasting]:
    make_news()
    make_users(CROWD)
    pull.SHELF = pull._Shelf()
    pull._settled.clear()
    pull._keys.clear()
    running = Broadcasting(pipeline)
    yield running
    running.close()


def unread(user: str) -> int:
    return inbox.named_counts(user)["unread_count"]


# --- canary


def test_the_canary_is_held_and_a_good_one_goes_on(air):
    id = air.accept(canary=Canary(percent=10, hold_s=0))
    air.until(id, lambda row, walk: row.state == states.HELD)
    assert Walk.objects.get(pk=id).expanded == 10
    air.expand(id)
    assert air.settle(id).channels["in_app"].sent == CROWD


def test_a_canary_that_complains_halts_and_a_person_may_go_on(air):
    id = air.accept(canary=Canary(percent=10, hold_s=0, failed=0, complained=0))
    air.until(id, lambda row, walk: walk.expanded == 10)
    Broadcast.objects.filter(pk=id).update(canary={"percent": 10.0, "hold_s": 86_400, "unsubscribed": 5.0})
    air.until(id, lambda row, walk: row.state == states.HELD)
    air.settle(id)
    first = User.objects.order_by("pk").first()
    assert first is not None
    from preferences.models import PreferenceRow

    PreferenceRow.objects.create(user=first, scope="*", channel="in_app", enabled=False)
    Broadcast.objects.filter(pk=id).update(canary={"percent": 10.0, "hold_s": 0, "unsubscribed": 5.0})
    row = air.until(id, lambda row, walk: row.state != states.HELD)
    assert row.state == states.HALTED
    assert "10 % unsubscribed, more than 5 %" in row.why
    assert Walk.objects.get(pk=id).expanded == 10
    steering.resume(id, by="ann")
    air.expand(id)
    assert air.settle(id).channels["in_app"].sent == CROWD


def test_thresholds_are_percent_of_what_was_sent():
    channel = figures.ChannelFigures(
        sent=90, dropped={}, failed=10, in_flight=0, not_yet=0, cancelled=0, detail={"bounced": 3, "sent": 87}
    )
    standing = figures.Standing(
        state="held", audience=1_000, is_frozen=True, expanded=100, channels={"email": channel}, stops_for=""
    )
    found = rates(standing, unsubscribed=1)
    assert found == {"failed": 10.0, "bounced": 3.0, "complained": 0.0, "unsubscribed": 1.0}
    assert objections(Canary(failed=9, bounced=5), found) == ["10 % failed, more than 9 %"]


# --- fan-out on read


@pytest.fixture
def pulled(air, settings) -> str:
    settings.BROADCAST_PULL_ABOVE = CROWD - 1
    id = air.accept()
    air.expand(id)
    return id


def test_one_row_serves_everybody_and_counts_are_exact(air, pulled):
    user = User.objects.order_by("pk")[5]
    assert Broadcast.objects.get(pk=pulled).pull
    page = inbox.page(user.user_id, limit=10)
    [entry] = page["notifications"]
    assert entry["title"] == "New: Dark Mode!"
    assert broadcast_of(entry["id"]) == (pulled, user.pk)
    assert page["unread_count"] == unread(user.user_id) == 1
    assert inbox.page(user.user_id, limit=10)["notifications"] == page["notifications"]
    inbox.mark(user.user_id, [entry["id"]], read=True)
    assert inbox.page(user.user_id, limit=10)["unread_count"] == 0
    ledger = air.settle(pulled).channels["in_app"].detail
    assert ledger == {"available": CROWD - 1, "read": 1}


def test_who_joined_later_and_who_was_erased_see_nothing(air, pulled):
    from django.utils import timezone

    from preferences.profiles import forget

    User.objects.create(user_id="late")
    erased = User.objects.order_by("pk")[3]
    User.objects.filter(pk=erased.pk).update(erased_at=timezone.now())
    forget([erased.user_id])
    assert inbox.page("late", limit=10)["notifications"] == []
    assert inbox.page(erased.user_id, limit=10)["notifications"] == []


def test_read_all_covers_it_and_it_doesnt_come_back(air, pulled):
    user = User.objects.order_by("pk")[7].user_id
    inbox.read_all(user)
    assert inbox.page(user, limit=10)["unread_count"] == 0
    pull._settled.clear()  # another process
    assert inbox.page(user, limit=10)["unread_count"] == 0


def test_recalled_it_is_gone_from_pages_counts_and_the_archive(air, pulled):
    seen, never = (User.objects.order_by("pk")[place].user_id for place in (1, 2))
    assert inbox.page(seen, limit=10)["unread_count"] == 1
    steering.recall(pulled, by="ann")
    pull.SHELF.forget()
    for user in (seen, never):
        page = inbox.page(user, limit=10)
        assert (page["notifications"], page["unread_count"]) == ([], 0)
        assert inbox.page(user, limit=10, archived=True)["notifications"] == []


def test_houses_hear_of_it_once(air, settings, redis):
    settings.BROADCAST_PULL_ABOVE = 0
    listener = redis.pubsub(ignore_subscribe_messages=True)
    listener.subscribe(announce.everybody_channel())
    listener.get_message(timeout=2)
    air.expand(air.accept())
    heard = [message for _ in range(20) if (message := listener.get_message(timeout=0.05))]
    listener.close()
    assert len(heard) == 1


# --- recall of what was written


def test_recalled_it_leaves_every_inbox_it_was_written_to(air, monkeypatch):
    monkeypatch.setattr(recalling, "BATCHES_ENDED_MS", 0)
    id = air.accept()
    air.expand(id)
    air.settle(id)
    user = User.objects.order_by("pk")[5]
    assert unread(user.user_id) == 1
    steering.recall(id, by="ann")
    air.until(id, lambda row, walk: walk.is_recalled)
    for each in User.objects.all():
        page = inbox.page(each.user_id, limit=10)
        assert (page["notifications"], page["unread_count"]) == ([], 0)


# --- local time, and looking back


def test_each_user_gets_it_at_that_time_where_they_are(air):
    noon = 1_767_614_400_000  # 2026-01-05T12:00:00Z
    assert audience.local_moment("09:00", "UTC", noon) - noon == 21 * 3_600_000
    assert audience.local_moment("14:00", "Europe/Berlin", noon) - noon == 1 * 3_600_000
    User.objects.filter(pk__in=[user.pk for user in User.objects.order_by("pk")[:30]]).update(time_zone="Asia/Tokyo")
    id = air.accept(local_time="09:00")
    air.until(id, lambda row, walk: walk.is_frozen)
    counts = dict(AudiencePortion.objects.filter(broadcast_id=id).values_list("wave", "count"))
    assert sorted(counts.values()) == [30, 70]
    first, second = sorted(counts)
    for wave, due in ((first, now_ms() - 1_000), (second, now_ms() + 3_600_000)):
        AudiencePortion.objects.filter(broadcast_id=id, wave=wave).update(wave=due)
    row = air.until(id, lambda row, walk: walk.expanded == counts[first])
    for _ in range(5):
        air.expander.turn()
    assert Walk.objects.get(pk=id).expanded == counts[first]
    assert row.state == states.RUNNING


def test_one_notification_of_it_is_told_by_its_id(air):
    id = air.accept()
    air.expand(id)
    air.settle(id)
    user = User.objects.order_by("pk")[5]
    mine = broadcast_notification_id(id, user.pk)
    found = history.decision_of(mine)
    assert found is not None
    assert found[0].user == user.user_id
    assert found[0].channels[0].verdict == "send"
    assert finding.of_user(Broadcast.objects.get(pk=id), user.user_id).channels[0][1] == "sent"
    assert "no user" in finding.of_user(Broadcast.objects.get(pk=id), "nobody").said
    reports.produce([Receipt(id=mine, user=user.user_id, channel="in_app", status="read", at=now_ms())])
    assert air.settle(id).channels["in_app"].detail["read"] == 1
