"""Unread counts are exact, whatever overtakes what (contract §6). Given: a real Redis and the SQL store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foundation.clock import now_ms
from foundation.redis import get_redis
from notifications import unread, unread_scripts
from notifications.store import get_store
from notifications.store.port import StateChange
from tests.notifications.store.rows import inbox_row, new_user

pytestmark = pytest.mark.django_db(databases=["store"])


def deliver(user: str, count: int = 1, **fields: Any) -> list[str]:
    rows = [inbox_row(user, **fields) for _ in range(count)]
    get_store().add_inbox(rows)
    unread.add([(row.user, row.id) for row in rows])
    return [row.id for row in rows]


def mark(user: str, id: str, **parts: bool) -> None:
    with unread.changing(user) as change:
        get_store().change_state([StateChange(user=user, id=id, at=now_ms(), **parts)])
        [entry] = get_store().inbox_entries(user, [id])
        change.now_holds({id: (not entry.read, not entry.seen)})


def next_millisecond() -> None:
    now = now_ms()
    while now_ms() == now:
        pass


def overtake(monkeypatch: pytest.MonkeyPatch, event: Callable[[], object]) -> None:
    """`event` happens right after the next rebuild has read the store."""
    unread_ids = type(get_store().engine).unread_ids

    def read(store: Any, users: Any) -> Any:
        monkeypatch.undo()
        ids = unread_ids(store, users)
        event()
        return ids

    monkeypatch.setattr(type(get_store().engine), "unread_ids", read)


@pytest.fixture(autouse=True)
def _one_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here Redis and who accepts are on one machine."""
    monkeypatch.setattr(unread, "CLOCKS_MS", 0)


def from_store(user: str) -> tuple[int, int]:
    ids = get_store().unread_ids([user])[user]
    return len(ids[0]), len(ids[1])


@pytest.fixture
def no_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """From here on Redis has to answer alone."""

    def asked(user: str) -> None:
        raise AssertionError(f"the store was asked about {user}")

    with monkeypatch.context() as patch:
        patch.setattr(type(get_store().engine), "unread_ids", lambda self, user: asked(user))
        yield


def test_counts_come_from_the_store_once_and_then_from_redis(redis: Any, request: pytest.FixtureRequest) -> None:
    ann, bob = new_user(), new_user()
    deliver(ann, 3)

    assert unread.counts([ann, bob, ann]) == {ann: (3, 3), bob: (0, 0)}

    request.getfixturevalue("no_store")
    assert unread.counts([ann, bob]) == {ann: (3, 3), bob: (0, 0)}


def test_a_delivery_is_counted_without_asking_the_store(redis: Any, request: pytest.FixtureRequest) -> None:
    user = new_user()
    unread.counts([user])
    next_millisecond()

    request.getfixturevalue("no_store")
    deliver(user, 2)

    assert unread.counts([user]) == {user: (2, 2)}


def test_read_and_unread_again_without_asking_the_store(redis: Any, request: pytest.FixtureRequest) -> None:
    user = new_user()
    first, second = deliver(user, 2)
    unread.counts([user])

    request.getfixturevalue("no_store")
    mark(user, first, read=True, seen=True)
    assert unread.counts([user]) == {user: (1, 1)}
    mark(user, second, seen=True)
    assert unread.counts([user]) == {user: (1, 0)}
    mark(user, first, read=False)
    assert unread.counts([user]) == {user: (2, 0)}


def test_a_wiped_redis_is_rebuilt(redis: Any) -> None:
    user = new_user()
    read, _ = deliver(user, 2)
    unread.counts([user])
    mark(user, read, read=True)

    redis.flushdb()
    deliver(user)

    assert unread.counts([user]) == {user: (2, 3)}


def test_a_delivery_that_comes_again_stays_read(redis: Any) -> None:
    user = new_user()
    [id] = deliver(user)
    unread.counts([user])
    mark(user, id, read=True, seen=True)

    unread.add([(user, id)])
    assert unread.counts([user]) == {user: (0, 0)}

    redis.flushdb()
    unread.counts([user])
    unread.add([(user, id)])
    assert unread.counts([user]) == {user: (0, 0)}


def test_a_rebuild_that_a_delivery_overtakes_is_not_kept(redis: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    user = new_user()
    overtake(monkeypatch, lambda: deliver(user))

    assert unread.counts([user]) == {user: (0, 0)}
    assert unread.counts([user]) == {user: (1, 1)}


def test_a_rebuild_that_a_read_overtakes_does_not_resurrect(redis: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    user = new_user()
    [id] = deliver(user)
    overtake(monkeypatch, lambda: mark(user, id, read=True, seen=True))

    assert unread.counts([user]) == {user: (1, 1)}
    assert unread.counts([user]) == {user: (0, 0)}


def test_a_rebuild_across_a_wipe_is_not_kept(redis: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    user = new_user()

    def delivered_and_wiped() -> None:
        deliver(user)
        redis.flushdb()

    overtake(monkeypatch, delivered_and_wiped)

    unread.counts([user])
    assert unread.counts([user]) == {user: (1, 1)}


def test_a_change_that_dies_leaves_nothing_wrong(redis: Any) -> None:
    user = new_user()
    [id] = deliver(user)
    unread.counts([user])

    change = unread.changing(user)
    change.__enter__()
    during = unread.counts([user])
    get_store().change_state([StateChange(user=user, id=id, at=now_ms(), read=True)])

    assert during == {user: (1, 1)}
    assert unread.counts([user]) == {user: (0, 1)}


def test_a_change_that_a_delivery_overtakes_loses_nothing(redis: Any) -> None:
    user = new_user()
    [id] = deliver(user)
    unread.counts([user])

    with unread.changing(user) as change:
        get_store().change_state([StateChange(user=user, id=id, at=now_ms(), read=True, seen=True)])
        deliver(user)
        change.now_holds({id: (False, False)})

    assert unread.counts([user]) == {user: (1, 1)}


def test_a_redis_that_is_away_costs_a_look_into_the_store(
    redis: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    user = new_user()
    deliver(user)

    def away(source: str) -> Any:
        return type(get_redis()).from_url(f"unix://{tmp_path}/none.sock").register_script(source)

    monkeypatch.setattr(unread, "_script", away)

    assert unread.counts([user]) == {user: (1, 1)}


class Story:
    """One user's life in steps; deliveries, changes and rebuilds may be cut in two and end much later."""

    def __init__(self) -> None:
        self.user = new_user()
        self.ids: list[str] = []
        self.not_added: set[str] = set()
        self.open_changes: list[Any] = []
        self.open_rebuilds: list[list[Any]] = []

    def store_a_row(self, n: int) -> None:
        row = inbox_row(self.user)
        get_store().add_inbox([row])
        self.ids.append(row.id)
        self.not_added.add(row.id)

    def add_a_row(self, n: int) -> None:
        if self.ids:
            id = self.ids[n % len(self.ids)]
            unread.add([(self.user, id)])
            self.not_added.discard(id)

    def deliver(self, n: int) -> None:
        self.ids += deliver(self.user)

    def mark(self, n: int) -> None:
        if self.ids:
            mark(self.user, self.ids[n % len(self.ids)], read=n % 3 > 0, seen=n % 2 > 0)

    def begin_change(self, n: int) -> None:
        managed = unread.changing(self.user)
        change = managed.__enter__()
        after = {}
        if self.ids:
            id = self.ids[n % len(self.ids)]
            get_store().change_state([StateChange(user=self.user, id=id, at=now_ms(), read=n % 2 > 0)])
            [entry] = get_store().inbox_entries(self.user, [id])
            after = {id: (not entry.read, not entry.seen)}
        change.now_holds(after)
        self.open_changes.append(managed)

    def end_change(self, n: int) -> None:
        if self.open_changes:
            self.open_changes.pop(n % len(self.open_changes)).__exit__(None, None, None)

    def read_all(self, n: int) -> None:
        with unread.changing(self.user):
            get_store().read_all(self.user, now_ms())

    def begin_rebuild(self, n: int) -> None:
        now, (_, _, version) = unread._script(unread_scripts.LOOK)(args=[unread._prefix(), self.user])
        ids = get_store().unread_ids([self.user])[self.user]
        self.open_rebuilds.append([self.user, version, now, len(ids[0]), *ids[0], *ids[1]])

    def end_rebuild(self, n: int) -> None:
        if self.open_rebuilds:
            rebuild = self.open_rebuilds.pop(n % len(self.open_rebuilds))
            unread._script(unread_scripts.FILL)(args=[unread._prefix(), *rebuild])

    def look(self, n: int) -> None:
        unread.counts([self.user])

    def wipe(self, n: int) -> None:
        get_redis().flushdb()

    def end(self) -> None:
        for change in self.open_changes:
            change.__exit__(None, None, None)
        unread.add([(self.user, id) for id in self.not_added])
        for rebuild in self.open_rebuilds:
            unread._script(unread_scripts.FILL)(args=[unread._prefix(), *rebuild])


STEPS = [getattr(Story, name) for name in vars(Story) if not name.startswith("_") and name != "end"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 11)), max_size=20))
def test_every_story_ends_with_the_counts_of_the_store(redis: Any, steps: list[Any]) -> None:
    story = Story()
    for step, n in steps:
        step(story, n)

    story.end()

    for _ in range(2):
        assert unread.counts([story.user])[story.user] == from_store(story.user)
