"""Duplicates within a window name the first one (contract §2, §4)."""

from __future__ import annotations

import pytest

from preferences.first_seen import SeenEntry, content_key, first_seen, idempotency_key
from tests.preferences.factories import NOON

pytestmark = pytest.mark.usefixtures("redis")
KEY = content_key("token", "order_shipped", "usr_ann", {"order": 1})


def test_the_second_names_the_first_also_within_a_batch():
    batch = [SeenEntry(KEY, "notif_1", NOON, 60), SeenEntry(KEY, "notif_2", NOON + 5, 60)]

    assert first_seen(batch) == [None, "notif_1"]
    assert first_seen([SeenEntry(KEY, "notif_3", NOON + 59_999, 60)]) == ["notif_1"]


def test_the_same_batch_again_gets_the_same_answer():
    batch = [SeenEntry(KEY, "notif_1", NOON, 60), SeenEntry(KEY, "notif_2", NOON, 60)]

    assert first_seen(batch) == first_seen(batch)


def test_after_the_window_it_is_new_again():
    first_seen([SeenEntry(KEY, "notif_1", NOON, 60)])

    assert first_seen([SeenEntry(KEY, "notif_2", NOON + 60_000, 60)]) == [None]
    assert first_seen([SeenEntry(KEY, "notif_3", NOON + 60_001, 60)]) == ["notif_2"]


def test_a_window_of_zero_is_off():
    assert first_seen([SeenEntry(KEY, "a", NOON, 0), SeenEntry(KEY, "b", NOON, 0)]) == [None, None]


def test_what_makes_content_the_same():
    same = content_key("token", "order_shipped", "usr_ann", {"a": 1, "b": {"c": 2, "d": 3}})

    assert same == content_key("token", "order_shipped", "usr_ann", {"b": {"d": 3, "c": 2}, "a": 1})
    assert same != content_key("other", "order_shipped", "usr_ann", {"a": 1, "b": {"c": 2, "d": 3}})
    assert same != content_key("token", "order_shipped", "usr_ann", {"a": 1, "b": {"c": 2, "d": 4}})
    assert idempotency_key("token", "k", "usr_ann") != idempotency_key("token", "k", "usr_ben")


def test_redis_away_finds_no_duplicates(monkeypatch):
    import redis as library

    from preferences import first_seen as module

    nowhere = library.Redis(unix_socket_path="/nowhere/redis.sock")
    monkeypatch.setattr(module, "get_redis", lambda: nowhere)

    assert first_seen([SeenEntry(KEY, "a", NOON, 60), SeenEntry(KEY, "b", NOON, 60)]) == [None, None]
