"""A broadcast from its acceptance to its ledger: everybody once, whatever happens on the way (contract §7)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from django.utils import timezone

from delivery.broadcasts.expander import Expander
from foundation.identifiers import broadcast_notification_id, broadcast_of
from notifications.broadcasts import book, states, steering
from notifications.broadcasts.models import Broadcast, Walk
from notifications.log import get_log
from notifications.records import Event, decode
from notifications.store import get_store
from notifications.store.models import DecisionDetails, InboxItem
from notifications.topology import BULK
from preferences.models import PreferenceRow, Segment, User
from preferences.profiles import forget
from templates_app.models import NotificationType
from templates_app.publish import publish
from templates_app.words import Words
from tests import engines
from tests.notifications.broadcasts.segments import make_news, make_users
from tests.whole.broadcasting import PATIENCE_S, Broadcasting
from tests.whole.looking import assert_accounted_for, told

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")
CROWD = 120


@pytest.fixture
def air(pipeline) -> Iterator[Broadcasting]:
    make_news()
    make_users(CROWD)
    running = Broadcasting(pipeline)
    yield running
    running.close()


def bulk_records() -> list[tuple[Event, dict[str, str]]]:
    log = get_log()
    return [
        (decode(Event, record.value), dict(record.headers))
        for partition, end in log.end_offsets(BULK).items()
        for record in log.read(BULK, partition, 0, end)
    ]


def inbox_ids(user: str) -> list[str]:
    return [entry.row.id for entry in get_store().inbox_page(user, limit=10).entries]


def assert_everybody_has_it_once(id: str) -> None:
    for user in User.objects.all():
        found = inbox_ids(user.user_id)
        assert [broadcast_of(each) for each in found] == [(id, user.pk)], user.user_id


def test_everybody_in_the_segment_gets_it_once_and_the_ledger_says_so(air):
    id = air.accept()
    assert air.expand(id).state == states.FINISHED
    standing = air.settle(id)
    assert_everybody_has_it_once(id)
    in_app = standing.channels["in_app"]
    assert (standing.audience, in_app.sent, in_app.not_yet, in_app.dropped) == (CROWD, CROWD, 0, {})
    assert standing.settled
    assert book.missing(id, "in_app") == 0
    assert_accounted_for()
    user = User.objects.order_by("pk")[7]
    answer = told(inbox_ids(user.user_id)[0])
    assert (answer["user_id"], answer["broadcast_id"], answer["status"]) == (user.user_id, id, "delivered")


def test_records_are_of_many_recipients_of_one_partition_and_no_row_is_written_for_each_decision(air):
    id = air.accept()
    air.expand(id)
    air.settle(id)
    records = bulk_records()
    assert len(records) < CROWD / 2  # over as many partitions, and as many rounds as the machine's time allowed
    assert sum(len(event.recipients) for event, _ in records) == CROWD
    assert all(event.broadcast == id for event, _ in records)
    if not engines.STACK:
        assert DecisionDetails.objects.using("store").count() == 0
        assert InboxItem.objects.using("store").count() == CROWD


def test_who_opted_out_has_no_address_or_was_erased_is_dropped_with_the_reason(air):
    kind = make_news_with_mail()
    users = list(User.objects.order_by("pk"))
    User.objects.filter(pk__in=[user.pk for user in users[:50]]).update(email="x@example.com")
    PreferenceRow.objects.create(user=users[0], scope="news", channel="email", enabled=False)
    id = air.accept(type=kind, channels=["email"])
    air.until(id, lambda row, walk: walk.is_frozen)
    User.objects.filter(pk=users[1].pk).update(erased_at=timezone.now())
    forget([user.user_id for user in users])
    air.expand(id)
    email = air.settle(id).channels["email"]
    assert email.dropped == {"no_address": CROWD - 50, "opted_out": 1, "erased": 1}
    assert email.sent + email.failed + email.in_flight == 48
    assert book.of_key(id, users[0].pk) == {"email": "dropped:opted_out"}
    opted_out = told(broadcast_notification_id(id, users[0].pk))
    assert (opted_out["status"], opted_out["channels"]["email"]["reason"]) == ("dropped", "opted_out")
    assert_accounted_for()


def make_news_with_mail() -> str:
    kind = NotificationType.objects.create(
        name="newsletter", category="news", priority="low", channels=["email"], marketing=True
    )
    publish(kind, [Words("email", "en", title="{{ title }}", body="{{ body }} {{ recipient.unsubscribe_url }}")])
    return kind.name


def test_the_audience_is_frozen_when_it_starts(air):
    id = air.accept()
    air.until(id, lambda row, walk: walk.is_frozen)
    User.objects.create(user_id="late")
    Segment.objects.update(condition={"locales": ["xx"]})
    air.expand(id)
    assert air.settle(id).channels["in_app"].sent == CROWD
    assert inbox_ids("late") == []


def test_words_published_while_it_runs_change_nothing_of_it(air):
    id = air.accept()
    Broadcast.objects.filter(pk=id).update(rate=200)
    air.until(id, lambda row, walk: walk.expanded >= 40)
    kind = NotificationType.objects.get(name="platform_announcement")
    publish(kind, [Words("in_app", "en", title="Changed", body="Changed")])
    air.pipeline.run(PATIENCE_S)
    air.expand(id)
    air.settle(id)
    last = User.objects.order_by("-pk").first()
    assert last is not None
    [entry] = get_store().inbox_page(last.user_id, limit=10).entries
    assert (entry.row.content.title, entry.row.content.template_version) == ("New: Dark Mode!", 1)


class Killed(BaseException):
    """The process ends here."""


def turn_for_ever(expander: Expander) -> None:
    for _ in range(1_000):
        expander.turn()


def in_round(id: str) -> int:
    """How many are in the round that was begun: as many as the time since the one before allows."""
    walk = Walk.objects.get(pk=id)
    assert walk.round_to > walk.depth
    return walk.round_to - walk.depth


@pytest.mark.parametrize("moment", ["before the produce", "after the produce"])
def test_killed_in_a_round_the_next_expander_does_the_same_round_again(air, monkeypatch, moment):
    id = air.accept()
    Broadcast.objects.filter(pk=id).update(rate=200)
    air.until(id, lambda row, walk: walk.expanded >= 40)
    produce = air.expander.log.produce

    def dies(messages, **options):
        if moment == "after the produce":
            produce(messages)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(air.expander, "log", type("Log", (), {"produce": staticmethod(dies)})())
        with pytest.raises(Killed):
            turn_for_ever(air.expander)
    begun = in_round(id)
    Walk.objects.filter(pk=id).update(lease_until=0)  # its lease runs out
    air.expander = Expander(get_log(), "e2")
    air.expand(id)
    in_app = air.settle(id).channels["in_app"]
    assert (in_app.sent, in_app.not_yet) == (CROWD, 0)
    assert_everybody_has_it_once(id)
    ids = Counter(one.id for event, _ in bulk_records() for one in event.recipients)
    again = {id for id, times in ids.items() if times > 1}
    assert len(again) == (begun if moment == "after the produce" else 0)
    marked = [event for event, headers in bulk_records() if headers.get("repeat")]
    assert sum(len(event.recipients) for event in marked) == begun


def test_the_same_round_again_has_the_same_ids_and_the_same_time(air, monkeypatch):
    test_killed_in_a_round_the_next_expander_does_the_same_round_again(air, monkeypatch, "after the produce")
    times: dict[str, set[int]] = {}
    for event, _ in bulk_records():
        for one in event.recipients:
            times.setdefault(one.id, set()).add(event.now)
    assert all(len(found) == 1 for found in times.values())


def test_two_expanders_share_without_doing_anything_twice(air):
    id = air.accept()
    other = Expander(get_log(), "e2")
    while not Walk.objects.get(pk=id).is_expanded:
        air.expander.turn()
        other.turn()
    assert Counter(one.id for event, _ in bulk_records() for one in event.recipients).most_common(1)[0][1] == 1
    assert air.settle(id).channels["in_app"].sent == CROWD


def test_paused_nothing_more_goes_out_and_resumed_everybody_has_it_once(air):
    id = air.accept()
    Broadcast.objects.filter(pk=id).update(rate=200)
    air.until(id, lambda row, walk: walk.expanded >= 40)
    steering.pause(id, by="ann")
    before = Walk.objects.get(pk=id).expanded
    for _ in range(20):
        air.expander.turn()
    assert Walk.objects.get(pk=id).expanded == before
    steering.change_rate(id, 0, by="ann")
    steering.resume(id, by="bob")
    air.expand(id)
    assert air.settle(id).channels["in_app"].sent == CROWD
    assert_everybody_has_it_once(id)


def test_cancelled_everybody_is_accounted_for(air):
    id = air.accept()
    Broadcast.objects.filter(pk=id).update(rate=200)
    air.until(id, lambda row, walk: walk.expanded >= 40)
    air.pipeline.run()
    air.expander.turn()
    steering.cancel(id, by="ann")
    standing = air.settle(id)
    in_app = standing.channels["in_app"]
    assert in_app.sent + in_app.cancelled == CROWD
    assert in_app.sent >= 40
    assert standing.settled
