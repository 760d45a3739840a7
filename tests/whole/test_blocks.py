"""Records that hold many recipients: each notification has its own decision, content, retries and end (contract §3)."""

from __future__ import annotations

import pytest

from delivery.models import DeadLetter
from foundation.clock import now_ms
from foundation.identifiers import new_notification_id
from notifications.log import get_log
from notifications.log.port import Message
from notifications.records import Event, Recipient, encode
from notifications.store import get_store
from notifications.topology import BULK, RAW
from preferences.models import PreferenceRow
from tests.pipeline import Pipeline
from tests.whole.conftest import make_type, make_user
from tests.whole.looking import assert_accounted_for, channels, inbox, later, outbox, tries
from tests.whole.test_dead_letters import run

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

USERS = [f"usr_{n}" for n in range(40)]


def block(topic: str, lane: str, priority: str) -> dict[str, str]:
    """One record for all of USERS, with data of their own for every second one; user by id."""
    recipients = [
        Recipient(new_notification_id(), user, {"order": f"own {n}"} if n % 2 else None) for n, user in enumerate(USERS)
    ]
    now = now_ms()
    event = Event(
        lane=lane,
        priority=priority,
        recipients=recipients,
        type="news",
        data={"order": "shared"},
        now=now,
        accepted_at=now,
        token="1",
    )
    get_log().produce([Message(topic, USERS[0], encode(event))])
    return {recipient.user: recipient.id for recipient in recipients}


@pytest.fixture
def readers(pipeline: Pipeline) -> Pipeline:
    make_type("news", channels=["in_app", "email"], priority="normal")
    for user in USERS:
        make_user(user, email=f"{user}@example.com")
    return pipeline


def test_everybody_gets_their_own(readers: Pipeline):
    ids = block(BULK, "bulk", "low")
    readers.run()
    for n, user in enumerate(USERS):
        assert inbox(user) == [ids[user]]
        (entry,) = get_store().inbox_page(user, limit=1).entries
        assert entry.row.content.body == (f"own {n} left us." if n % 2 else "shared left us.")
        assert outbox(ids[user]) == {f"{user}@example.com": (1, 1)}
    assert_accounted_for()


def test_one_who_fails_is_tried_again_alone_and_one_who_opted_out_is_left_out(readers: Pipeline):
    failing = make_user("failing", email="fails-1-times@example.com")
    refused = make_user("refused", email="permanent@example.com")
    silent = make_user("silent", email="silent@example.com")
    PreferenceRow.objects.create(user=silent, scope="news", channel="email", enabled=False)
    USERS_AND = [failing.user_id, refused.user_id, silent.user_id]
    recipients = [Recipient(new_notification_id(), user) for user in [*USERS[:5], *USERS_AND]]
    now = now_ms()
    event = Event(
        lane="standard",
        priority="normal",
        recipients=recipients,
        type="news",
        data={"order": "A1"},
        now=now,
        accepted_at=now,
        token="1",
    )
    get_log().produce([Message(RAW, "usr_0", encode(event))])
    ids = {recipient.user: recipient.id for recipient in recipients}
    readers.run()
    assert channels(ids["silent"])["email"] == ("dropped", "opted_out")
    assert channels(ids["refused"])["email"] == ("parked", "permanent")
    assert DeadLetter.objects.get().notification_id == ids["refused"]
    later(readers)
    assert tries(ids["failing"], "email") == [(1, "failed"), (2, "sent")]

    assert "1 replayed" in run("replay", "--all")
    readers.run()
    assert {user: outbox(id) for user, id in ids.items() if user.startswith("usr_")} == {
        user: {f"{user}@example.com": (1, 1)} for user in USERS[:5]
    }
    assert all(len(inbox(user)) == 1 for user in ids)
    assert_accounted_for()
