"""Who is connected where, and one message a gateway process."""

from __future__ import annotations

import pytest

from foundation.redis import get_redis
from notifications import announce
from notifications.announce import ENTER, LEAVE, house_channel, presence_key, read_letters


def enter(house: str, *users: str, seconds: int = 60) -> None:
    get_redis().eval(ENTER, len(users), *map(presence_key, users), house, seconds)


def leave(house: str, *users: str) -> None:
    get_redis().eval(LEAVE, len(users), *map(presence_key, users), house)


@pytest.fixture
def listen(redis):
    opened = []

    def subscribe(house: str):
        mail = redis.pubsub(ignore_subscribe_messages=True)
        mail.subscribe(house_channel(house))
        mail.get_message(timeout=1)
        opened.append(mail)
        return mail

    yield subscribe
    for mail in opened:
        mail.close()


def frame(number: int) -> dict[str, object]:
    return {"type": "notification", "notification": {"id": f"notif_{number}"}}


def messages(mail) -> list[list[announce.Letter]]:
    found = []
    while message := mail.get_message(timeout=0.2):
        found.append(read_letters(message["data"]))
    return found


def test_many_users_of_one_house_travel_in_one_message_in_order(listen):
    mail = listen("one")
    enter("one", "ann", "bob")

    reached = announce.announce([("ann", frame(1)), ("zoe", frame(2)), ("bob", frame(3)), ("ann", frame(4))])

    assert reached == {"ann", "bob"}
    (letters,) = messages(mail)
    assert [(letter.user, letter.id) for letter in letters] == [
        ("ann", "notif_1"),
        ("bob", "notif_3"),
        ("ann", "notif_4"),
    ]


def test_a_user_in_two_houses_is_reached_in_both(listen):
    phones, laptops = listen("one"), listen("two")
    enter("one", "ann")
    enter("two", "ann")
    assert announce.tell("ann", frame(1))
    assert len(messages(phones)) == len(messages(laptops)) == 1


def test_who_left_one_house_is_still_in_the_other(listen):
    phones, laptops = listen("one"), listen("two")
    enter("one", "ann")
    enter("two", "ann")
    leave("one", "ann")
    announce.tell("ann", frame(1))
    assert (messages(phones), len(messages(laptops))) == ([], 1)
    leave("two", "ann")
    assert not announce.tell("ann", frame(2))
    assert get_redis().keys("np:at:*") == []


def test_a_house_that_died_does_not_count_as_connected(redis):
    enter("dead", "ann")
    assert announce.announce([("ann", frame(1))]) == set()


def test_entering_drops_what_has_expired_and_presence_ends_by_itself(redis):
    redis.set(presence_key("ann"), "dead:1000000000 alive:99999999999")
    enter("one", "ann")
    assert sorted(entry.split(":")[0] for entry in redis.get(presence_key("ann")).decode().split()) == ["alive", "one"]
    assert 0 < redis.ttl(presence_key("ann")) <= 60


def test_a_frame_may_be_made_only_for_who_is_connected(listen):
    mail = listen("one")
    enter("one", "ann")
    made = []
    announce.announce([(user, lambda user=user: made.append(user) or frame(1)) for user in ("ann", "bob")])
    assert made == ["ann"]
    assert len(messages(mail)) == 1


def test_a_message_is_bounded(listen, monkeypatch):
    monkeypatch.setattr(announce, "MESSAGE_BYTES", 150)
    mail = listen("one")
    enter("one", "ann")
    announce.announce([("ann", frame(number)) for number in range(6)])
    batches = messages(mail)
    assert len(batches) > 1
    assert [letter.id for letters in batches for letter in letters] == [f"notif_{number}" for number in range(6)]


def test_without_redis_nobody_is_connected_and_nothing_breaks(redis, settings):
    get_redis.cache_clear()
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    assert announce.announce([("ann", frame(1))]) == set()
    get_redis.cache_clear()
