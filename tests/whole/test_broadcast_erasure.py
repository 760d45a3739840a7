"""Who is erased while a broadcast runs gets no more of it; of who was erased nothing of it is told (issue 6, §6)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from channels_app import inbox
from delivery.broadcasts.expander import Expander
from delivery.people import erasing
from foundation.errors import NotFound
from foundation.identifiers import broadcast_notification_id
from notifications.broadcasts import book, finding, pull
from notifications.broadcasts.models import Broadcast
from notifications.log import get_log
from preferences.models import Erasure, User
from preferences.profiles import forget
from tests.notifications.broadcasts.segments import make_news, make_users
from tests.whole.broadcasting import Broadcasting
from tests.whole.looking import assert_accounted_for, told

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")
CROWD = 120


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


def shown(user: str) -> list[str]:
    return [each["id"] for each in inbox.page(user, limit=10)["notifications"]]


def test_erased_while_it_runs_they_get_nothing_more_of_it_and_the_ledger_stays_exact(air):
    id = air.accept()
    Broadcast.objects.filter(pk=id).update(rate=200)
    air.until(id, lambda row, walk: walk.expanded >= 20)
    air.settle(id)
    users = list(User.objects.order_by("pk"))
    early = next(user for user in users if book.of_key(id, user.pk))
    late = next(user for user in users if not book.of_key(id, user.pk))
    assert shown(early.user_id)
    for user in (early, late):
        erasing.erase(user.user_id, by="tess")
    air.expand(id)
    in_app = air.settle(id).channels["in_app"]
    assert (in_app.sent, in_app.dropped, in_app.not_yet) == (CROWD - 1, {"erased": 1}, 0)
    assert shown(early.user_id) == shown(late.user_id) == []
    assert_accounted_for()


def test_of_who_was_erased_nothing_of_it_is_told_any_more(air):
    id = air.accept()
    air.expand(id)
    air.settle(id)
    user = User.objects.order_by("pk")[5]
    mine = broadcast_notification_id(id, user.pk)
    assert told(mine)["user_id"] == user.user_id
    erasing.erase(user.user_id, by="tess")
    assert "erased" in finding.of_user(Broadcast.objects.get(pk=id), user.user_id).said
    with pytest.raises(NotFound):
        told(mine)


def test_a_row_goes_only_once_no_window_of_a_broadcast_counts_on_it(air):
    """Who does a window again after a crash takes its seats in the same order: nobody moves up, nobody is left out."""
    id = air.accept()
    Broadcast.objects.filter(pk=id).update(rate=200)
    air.until(id, lambda row, walk: walk.window_size and walk.depth >= 20)
    air.settle(id)
    user = next(user for user in User.objects.order_by("pk") if book.of_key(id, user.pk))  # before those who wait
    erasing.erase(user.user_id, by="tess")
    long_ago = timezone.now() - timedelta(days=30)
    Erasure.objects.update(at=long_ago, gone_by=long_ago, next_at=long_ago)
    erasing.carry_on()
    assert User.objects.filter(pk=user.pk).exists()
    assert Erasure.objects.get().outstanding == [erasing.UNDER_WAY]
    air.expander = Expander(get_log(), "e1")  # as after a kill
    air.expand(id)
    in_app = air.settle(id).channels["in_app"]
    assert (in_app.sent + in_app.dropped.get("erased", 0), in_app.not_yet) == (CROWD, 0)
    assert_accounted_for()
    erasing.carry_on()
    assert not User.objects.filter(pk=user.pk).exists()
    assert Erasure.objects.get().finished_at


def test_an_id_that_is_registered_anew_isnt_brought_what_was_sent_to_the_one_before(air, settings):
    settings.BROADCAST_PULL_ABOVE = CROWD - 1
    id = air.accept()
    air.expand(id)
    user = User.objects.order_by("pk")[5]
    assert shown(user.user_id) == [broadcast_notification_id(id, user.pk)]
    erasing.erase(user.user_id, by="tess")
    user.delete()  # as at the erasure's end
    User.objects.create(user_id=user.user_id)
    forget([user.user_id])
    pull._settled.clear()  # what this process brought since then
    assert shown(user.user_id) == []
