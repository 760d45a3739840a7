"""Duplicates within a window name the first one (contract §4)."""

from __future__ import annotations

from typing import Any

import pytest
import redis as library
from redis.backoff import NoBackoff
from redis.retry import Retry

from preferences import first_seen as module
from preferences.first_seen import Sighting, first_seen
from tests.preferences.factories import NOON

pytestmark = pytest.mark.usefixtures("redis")


def sighting(notification_id: str, now: int = NOON, **changes: Any) -> Sighting:
    return Sighting(
        **{
            "token": "orders",
            "type": "order_shipped",
            "user": "usr_ann",
            "data": {"a": 1, "b": {"c": 2, "d": 3}},
            "notification_id": notification_id,
            "now": now,
            "window_s": 60,
            **changes,
        }
    )


def test_the_second_names_the_first_also_within_a_batch():
    assert first_seen([sighting("notif_1"), sighting("notif_2", NOON + 5)]) == [None, "notif_1"]
    assert first_seen([sighting("notif_3", NOON + 59_999)]) == ["notif_1"]


def test_the_same_batch_again_gets_the_same_answer():
    batch = [sighting("notif_1"), sighting("notif_2")]

    assert first_seen(batch) == first_seen(batch) == [None, "notif_1"]


def test_after_the_window_it_is_new_again():
    first_seen([sighting("notif_1")])

    assert first_seen([sighting("notif_2", NOON + 60_000)]) == [None]
    assert first_seen([sighting("notif_3", NOON + 60_001)]) == ["notif_2"]


def test_a_window_of_zero_is_off_and_keeps_positions():
    assert first_seen([sighting("a", window_s=0), sighting("b"), sighting("c", window_s=0), sighting("d")]) == [
        None,
        None,
        None,
        "b",
    ]


@pytest.mark.parametrize(
    "other",
    [{"token": "auth"}, {"type": "order_paid"}, {"user": "usr_ben"}, {"data": {"a": 1, "b": {"c": 2, "d": 4}}}],
)
def test_anything_else_is_no_duplicate(other):
    assert first_seen([sighting("notif_1"), sighting("notif_2", **other)]) == [None, None]


def test_the_order_of_the_datas_keys_does_not_matter():
    turned = sighting("notif_2", data={"b": {"d": 3, "c": 2}, "a": 1})

    assert first_seen([sighting("notif_1"), turned]) == [None, "notif_1"]


def test_redis_away_finds_no_duplicates(monkeypatch):
    nowhere = library.Redis(unix_socket_path="/nowhere/redis.sock", retry=Retry(NoBackoff(), 0))
    monkeypatch.setattr(module, "get_redis", lambda: nowhere)

    assert first_seen([sighting("a"), sighting("b")]) == [None, None]
