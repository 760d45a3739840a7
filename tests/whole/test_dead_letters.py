"""Parked deliveries in an operator's hands: listed, shown, replayed and dropped by command (contract §5)."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import call_command

from delivery.models import DeadLetter
from delivery.providers.sandbox import switches
from delivery.providers.sandbox.models import OutboxMessage
from foundation.clock import now_ms
from notifications import reports
from notifications.records import Receipt
from preferences.models import Device, PreferenceRow, User
from tests.pipeline import Pipeline
from tests.whole.conftest import make_type, make_user
from tests.whole.looking import assert_accounted_for, channels, forget_breakers, later, outbox, tries, waiting

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("dead_letters", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def send(pipeline: Pipeline, *type_names: str, mode: str) -> list[str]:
    """Sends each while mail behaves as `mode` says, and then mail is well again."""
    switches.set_mode("ses", mode)
    ids = [pipeline.send(name, "usr_42", data={"order": "A1"}) for name in type_names]
    pipeline.run()
    switches.set_mode("ses", "ok")
    forget_breakers(pipeline)
    return ids


@pytest.fixture
def offers(pipeline: Pipeline) -> Pipeline:
    """Types of low priority, parked at their first failure."""
    make_type("offer", channels=["email"], priority="low", category="marketing")
    make_type("digest", channels=["email"], priority="low", category="marketing")
    make_type("liked", channels=["email"], priority="normal", category="social")
    make_user("usr_42", email="ann@example.com")
    return pipeline


def test_list_show_and_replay_of_what_a_filter_names(offers: Pipeline):
    offer, digest = send(offers, "offer", "digest", mode="down")
    (refused,) = send(offers, "offer", mode="permanent")
    listed = run("list")
    assert "3 parked" in listed
    assert all(id in listed for id in (offer, digest, refused))
    assert "2" in run("list", "--group-by", "error")
    shown = json.loads(run("show", DeadLetter.objects.get(notification_id=refused).pk))
    assert (shown["reason"], shown["provider_code"], shown["record"]["channel"]) == ("permanent", "400", "email")

    assert "1 replayed" in run("replay", "--error", "transient", "--type", "offer")
    offers.run()
    assert channels(offer) == {"email": ("sent", "")}
    assert tries(offer, "email") == [(1, "parked"), (2, "sent")]
    assert outbox(offer) == {"ann@example.com": (2, 1)}
    assert channels(digest) == {"email": ("parked", "exhausted")}
    assert_accounted_for()

    assert "1 dropped" in run("drop", "--type", "digest")
    offers.run()
    assert channels(digest) == {"email": ("dropped", "dropped_by_operator")}
    assert "1 parked" in run("list")
    assert_accounted_for()


def test_a_replay_brings_other_data_and_is_done_once(offers: Pipeline):
    (id,) = send(offers, "offer", mode="down")
    assert "1 replayed" in run("replay", "--all", "--data", '{"order": "B2"}')
    assert "0 replayed" in run("replay", "--all")
    offers.run()
    assert OutboxMessage.objects.get(notification_id=id).body == "B2 left us."
    assert_accounted_for()


def test_a_replay_looks_at_preferences_again(offers: Pipeline):
    (id,) = send(offers, "offer", mode="down")
    PreferenceRow.objects.create(user=User.objects.get(), scope="marketing", channel="email", enabled=False)
    assert "1 replayed" in run("replay", "--notification", id)
    offers.run()
    assert channels(id) == {"email": ("dropped", "opted_out")}
    assert outbox(id) == {}
    assert_accounted_for()


def test_a_replay_of_what_fails_again_is_parked_again(offers: Pipeline):
    (id,) = send(offers, "offer", mode="down")
    switches.set_mode("ses", "down")
    run("replay", "--all")
    offers.run()
    assert channels(id) == {"email": ("parked", "exhausted")}
    assert run("list").count(id) == 1
    switches.set_mode("ses", "ok")
    forget_breakers(offers)
    assert "1 replayed" in run("replay", "--all")
    offers.run()
    assert outbox(id) == {"ann@example.com": (3, 1)}
    assert_accounted_for()


def test_what_has_arrived_after_all_is_not_sent_again_by_a_replay(offers: Pipeline):
    (id,) = send(offers, "liked", mode="ambiguous")
    assert channels(id) == {"email": ("parked", "in_doubt")}
    letter = DeadLetter.objects.get()
    send_id = json.loads(bytes(letter.record))["recipients"][0]["sends"][0]["id"]
    reports.produce([Receipt(id=id, user="usr_42", channel="email", status="delivered", send=send_id, at=now_ms())])
    offers.run()
    run("replay", "--all")
    offers.run()
    assert outbox(id) == {"ann@example.com": (1, 1)}
    assert channels(id) == {"email": ("delivered", "")}
    assert_accounted_for()


def test_a_replay_has_retries_of_its_own(offers: Pipeline):
    make_user("usr_7", email="fails-5-times@example.com")
    id = offers.send("liked", "usr_7", data={"order": "A1"})
    offers.run()
    for _ in range(3):
        later(offers)
    assert channels(id) == {"email": ("parked", "exhausted")}
    run("replay", "--all")
    offers.run()
    assert channels(id) == {"email": ("parked", "exhausted")}  # a status never goes back
    assert tries(id, "email")[-1] == (5, "failed")
    assert [row.kind for row in waiting()] == ["retry"]
    later(offers)
    assert channels(id) == {"email": ("sent", "")}
    assert outbox(id) == {"fails-5-times@example.com": (6, 1)}
    assert_accounted_for()


def test_a_replay_goes_only_to_the_device_that_was_left_out(pipeline: Pipeline):
    make_type("liked", channels=["push"], priority="normal")
    user = make_user("usr_42", token="good-1")
    Device.objects.create(user=user, token="permanent-1", platform="fcm")
    Device.objects.create(user=user, token="fails-1-times-9", platform="fcm")
    id = pipeline.send("liked", "usr_42", data={"order": "A1"})
    pipeline.run()
    assert channels(id) == {"push": ("sent", "")}
    assert outbox(id) == {"good-1": (1, 1)}
    later(pipeline)
    assert outbox(id) == {"good-1": (1, 1), "fails-1-times-9": (2, 1)}
    assert_accounted_for()

    assert "1 replayed" in run("replay", "--all")
    pipeline.run()
    assert outbox(id) == {"good-1": (1, 1), "fails-1-times-9": (2, 1)}
    assert DeadLetter.objects.filter(state="parked").count() == 1  # refused again
    assert_accounted_for()
