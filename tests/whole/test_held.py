"""A type that is held, a channel that drains: nothing is lost, and all of it goes on when somebody resumes."""

from __future__ import annotations

import pytest

from delivery import controls, scheduling
from notifications.store import get_store
from tests.whole.conftest import make_type, make_user

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "store", "sandbox"])


def channels_sent(id: str) -> set[str]:
    return {cell.channel for cell in get_store().timelines([id]).get(id, []) if cell.status == "sent"}


def test_a_held_type_waits_and_goes_when_it_is_resumed(pipeline):
    make_type("promo", channels=["in_app", "email"])
    make_user("usr_1", email="ann@example.com")
    controls.hold("type", "promo", "draining", why="a wrong price", by="ann")
    id = pipeline.send("promo", "usr_1", data={"order": "A-1"})
    pipeline.run()
    assert channels_sent(id) == set()

    controls.resume("type", "promo", why="mended", by="ann")
    assert scheduling.release(["standard", "bulk"]) == 2
    pipeline.run()
    assert channels_sent(id) == {"in_app", "email"}


def test_a_draining_channel_holds_its_own_and_lets_the_others_go(pipeline):
    make_type("news", channels=["in_app", "email"])
    make_user("usr_1", email="ann@example.com")
    controls.hold("channel", "email", "draining", why="another provider", by="ann")
    id = pipeline.send("news", "usr_1", data={"order": "A-1"})
    pipeline.run()
    assert channels_sent(id) == {"in_app"}
    controls.resume("channel", "email", why="moved", by="ann")
    scheduling.release(["standard", "bulk"])
    pipeline.run()
    assert channels_sent(id) == {"in_app", "email"}
