"""Long-polls wake by the same letters as sockets."""

from __future__ import annotations

import asyncio

import pytest

from channels_app import longpoll
from notifications import announce


@pytest.fixture(autouse=True)
def _room(redis):
    yield
    longpoll.close()


async def test_a_long_poll_wakes_when_something_is_announced():
    async with longpoll.listening("usr_ann") as listener:
        assert announce.tell("usr_ann", {"type": "unread_count", "unread": 1, "unseen": 1})
        assert await listener.wait(5)


async def test_a_long_poll_that_hears_nothing_ends_in_time_and_leaves_redis():
    assert not await longpoll.wait("usr_ann", 0.05)
    async with asyncio.timeout(5):
        while announce.connected(["usr_ann"]):
            await asyncio.sleep(0.01)


async def test_others_news_wake_nobody():
    async with longpoll.listening("usr_ann") as ann, longpoll.listening("usr_bob") as bob:
        announce.tell("usr_bob", {"type": "unread_count", "unread": 1, "unseen": 1})
        assert await bob.wait(5)
        assert not await ann.wait(0.05)
