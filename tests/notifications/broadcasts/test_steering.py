"""Two persons, two presses, and what a stage is told of a broadcast that was stopped."""

from __future__ import annotations

import pytest

from foundation.errors import Conflict, Forbidden, NotFound
from foundation.identifiers import broadcast_notification_id, broadcast_of, new_broadcast_id
from notifications.broadcasts import acceptance, states, steering, stops
from notifications.broadcasts.models import Broadcast
from tests.notifications.broadcasts.segments import MARKETER, a_broadcast, make_news, make_users

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_process")]
NOW = 1_790_000_000_000


def a_draft(by: str = "ann", **fields) -> Broadcast:
    return acceptance.propose(a_broadcast(**fields), MARKETER, id=new_broadcast_id(), by=by, now=NOW, draft=True)


@pytest.fixture
def draft(settings) -> Broadcast:
    settings.BROADCAST_APPROVAL_ABOVE = 2
    make_news()
    make_users(3)
    return a_draft()


def test_a_large_one_waits_and_its_author_may_not_approve_it(draft):
    assert steering.submit(draft.pk, by="ann").state == states.WAITING
    with pytest.raises(Forbidden, match="somebody else"):
        steering.approve(draft.pk, by="ann")
    assert Broadcast.objects.get(pk=draft.pk).state == states.WAITING
    approved = steering.approve(draft.pk, by="bob")
    assert (approved.state, approved.approved_by) == (states.SCHEDULED, "bob")


def test_a_small_one_starts_with_its_author_alone(draft, settings):
    settings.BROADCAST_APPROVAL_ABOVE = 3
    assert steering.submit(draft.pk, by="ann").state == states.SCHEDULED


def test_a_type_nobody_can_turn_off_always_needs_two(draft, settings):
    settings.BROADCAST_APPROVAL_ABOVE = 3
    kind = make_news_mandatory()
    mandatory = a_draft(type=kind)
    assert steering.submit(mandatory.pk, by="ann").state == states.WAITING


def make_news_mandatory() -> str:
    from templates_app.catalog import get_catalog
    from templates_app.models import NotificationType

    NotificationType.objects.create(
        name="recall_notice", category="security", priority="normal", channels=["in_app"], mandatory=True
    )
    get_catalog().forget()
    return "recall_notice"


def test_two_people_press_start_and_it_starts_once(draft, settings):
    settings.BROADCAST_APPROVAL_ABOVE = 3
    steering.submit(draft.pk, by="ann")
    with pytest.raises(Conflict, match="scheduled already"):
        steering.submit(draft.pk, by="bob")


def test_sent_back_it_says_why(draft):
    steering.submit(draft.pk, by="ann")
    back = steering.refuse(draft.pk, by="bob", why="the link is dead")
    assert (back.state, back.why) == (states.DRAFT, "bob: the link is dead")


def test_stages_hear_of_a_cancelled_one_at_once_and_after_a_wiped_redis(draft, redis):
    assert stops.stopped([draft.pk]) == frozenset()
    steering.cancel(draft.pk, by="ann")
    assert stops.stopped([draft.pk]) == {draft.pk}
    redis.flushdb()
    assert stops.stopped([draft.pk]) == {draft.pk}


def test_what_never_started_isnt_recalled(draft):
    with pytest.raises(Conflict, match="Nothing of it is out"):
        steering.recall(draft.pk, by="ann")


def test_one_that_isnt_there_is_said_so():
    with pytest.raises(NotFound, match="bc_"):
        steering.pause("bc_123", by="ann")


def test_a_notification_tells_its_broadcast_and_its_user():
    broadcast = new_broadcast_id()
    id = broadcast_notification_id(broadcast, 30_000_017)
    assert broadcast_of(id) == (broadcast, 30_000_017)
    assert len(id) == len("notif_") + 32


def test_what_repeats_comes_again_with_its_approval(draft):
    steering.submit(draft.pk, by="ann")
    row = steering.approve(draft.pk, by="bob")
    row.repeats, row.schedule_at = "monthly", 1_769_860_800_000  # 2026-01-31T12:00:00Z
    following = acceptance.next_occurrence(row, now=1_769_860_800_001)
    assert following is not None
    assert following.schedule_at == 1_772_280_000_000  # 2026-02-28T12:00:00Z: the month's last day
    assert (following.state, following.approved_by, following.previous) == (states.SCHEDULED, "bob", row.pk)
