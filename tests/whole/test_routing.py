"""Who gets what and why not, end to end, and `explain` before and after (contract §4)."""

from __future__ import annotations

import pytest

from foundation.clock import now_ms
from notifications.sending import SendRequest, Target
from notifications.store import get_store
from preferences.models import PreferenceRow, Suppression
from templates_app.models import NotificationType
from templates_app.publish import publish, published
from templates_app.words import Words
from tests.notifications.api.calling import Caller
from tests.pipeline import Pipeline
from tests.whole.conftest import make_type, make_user
from tests.whole.looking import assert_accounted_for, channels, inbox, later, outbox, told

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

ALL = ["in_app", "push", "email", "sms"]
SENT, OPTED_OUT = ("sent", ""), ("dropped", "opted_out")
ORDER = {"order": "A1"}


@pytest.fixture
def ann(pipeline: Pipeline):
    make_type("order_shipped", channels=ALL, priority="normal")
    return make_user("usr_42", token="token-1", email="ann@example.com", phone="+4915112345678")


def turn(user, scope: str, channel: str, *, on: bool) -> None:
    PreferenceRow.objects.update_or_create(user=user, scope=scope, channel=channel, defaults={"enabled": on})


def test_explicit_channels_narrow_and_never_override_an_opt_out(pipeline: Pipeline, ann):
    turn(ann, "order_updates", "push", on=False)
    id = pipeline.send("order_shipped", "usr_42", data=ORDER, channels=["push", "email"])
    pipeline.run()
    assert channels(id) == {"push": OPTED_OUT, "email": SENT}
    assert inbox("usr_42") == []  # an explicit list may leave in-app out
    assert told(id)["channels"]["push"]["setting"] == "preference order_updates/push"
    assert_accounted_for()


def test_the_most_specific_wins_and_nothing_turns_in_app_off(pipeline: Pipeline, ann):
    turn(ann, "*", "*", on=False)
    turn(ann, "order_updates", "email", on=False)
    turn(ann, "order_shipped", "email", on=True)
    id = pipeline.send("order_shipped", "usr_42", data=ORDER)
    pipeline.run()
    assert channels(id)["in_app"] == channels(id)["email"] == SENT
    assert channels(id)["push"] == OPTED_OUT
    assert_accounted_for()


def test_what_is_mandatory_goes_to_its_own_channels_wherever_there_is_an_address(pipeline: Pipeline, ann):
    make_type("password_changed", channels=["email", "sms"], mandatory=True, category="security")
    for channel in ALL:
        turn(ann, "*", channel, on=False)
    id = pipeline.send("password_changed", "usr_42", data=ORDER)
    nobody = pipeline.send("password_changed", "nobody", data=ORDER)
    pipeline.run()
    assert channels(id) == {"email": SENT, "sms": SENT}
    assert set(channels(nobody).values()) == {("dropped", "no_address")}
    assert_accounted_for()


def test_limits_name_their_figure_and_critical_knows_none(pipeline: Pipeline, ann, settings):
    settings.PER_USER_LIMITS = settings.PER_USER_LIMITS | {"push": (2, 3600)}
    make_type("code", channels=["push"], priority="critical")
    ids = [pipeline.send("order_shipped", "usr_42", data=ORDER, channels=["in_app", "push"]) for _ in range(3)]
    pipeline.run()
    code = pipeline.send("code", "usr_42", data=ORDER)
    pipeline.run()
    dropped = [told(id)["channels"]["push"] for id in ids if channels(id)["push"] != SENT]
    assert [(each["reason"], each["setting"]) for each in dropped] == [("rate_limited", "limit push 2/hour")]
    assert dropped[0]["detail"] == "The user's limit for push (2/hour) is used up."
    assert len(inbox("usr_42")) == 3
    assert channels(code) == {"push": SENT}
    assert_accounted_for()


def test_the_same_within_its_window_is_a_duplicate_and_names_the_first(pipeline: Pipeline, ann):
    make_type("reminder", channels=["in_app", "email"], dedupe_window_s=3600)
    request = SendRequest(type="reminder", target=Target("user", "usr_42"), data={"order": "A1", "n": 1})
    first, again = pipeline.send_many([request, request])
    other = pipeline.send("reminder", "usr_42", data={"order": "A2", "n": 1})
    pipeline.run()
    late = pipeline.send("reminder", "usr_42", data={"n": 1, "order": "A1"})
    pipeline.run()
    for id in (again, late):
        assert set(channels(id).values()) == {("dropped", "duplicate")}
        assert first in told(id)["channels"]["in_app"]["detail"]
    assert set(inbox("usr_42")) == {first, other}
    assert_accounted_for()


def test_a_suppressed_address_gets_nothing_whoever_asks(pipeline: Pipeline, ann):
    make_type("password_changed", channels=["email"], mandatory=True, category="security")
    Suppression.objects.create(address="ann@example.com", channel="email", reason="complaint")
    ids = [pipeline.send(name, "usr_42", data=ORDER) for name in ("order_shipped", "password_changed")]
    pipeline.run()
    assert [channels(id)["email"] for id in ids] == [("dropped", "suppressed")] * 2
    assert all("ann@example.com" not in outbox(id) for id in ids)
    assert_accounted_for()


class TestExplain:
    BODY = {"type": "order_shipped", "target": {"type": "user", "user_id": "usr_42"}, "data": ORDER}

    def verdicts(self, told: dict) -> dict[str, tuple[str, str]]:
        return {each["channel"]: (each["verdict"], each["reason"]) for each in told["channels"]}

    def test_it_foretells_what_is_then_decided(self, pipeline: Pipeline, ann):
        turn(ann, "*", "push", on=False)
        service = Caller("notifications:send", "notifications:read")
        for _ in range(2):  # an empty Redis takes its first look at a user as no news of itself: the second is cached
            foretold = service.post("notifications/explain", self.BODY).json()
        assert self.verdicts(foretold)["push"] == ("drop", "opted_out")
        assert foretold["channels"][3]["rendered"]["body"] == "A1 left us."

        answer = service.post("notifications", self.BODY).json()
        assert answer["estimated_channels"] == foretold["estimated_channels"]
        pipeline.run()
        status = service.get(f"notifications/{answer['notification_id']}").json()["channels"]
        assert {name for name, its in status.items() if its["status"] == "sent"} == set(foretold["estimated_channels"])

    def test_a_past_one_stands_beside_today(self, pipeline: Pipeline, ann):
        service = Caller("notifications:send")
        id = service.post("notifications", self.BODY).json()["notification_id"]
        pipeline.run()
        turn(ann, "*", "push", on=False)
        its = service.post("notifications/explain", {"notification_id": id}).json()
        assert self.verdicts(its["decided"][0])["push"] == ("send", "default")
        assert self.verdicts(its["today"])["push"] == ("drop", "opted_out")
        assert its["decided"][0]["saw"]["preferences"] == [["*", "sms", True]]


def test_new_words_show_in_the_next_one_and_what_was_accepted_keeps_its_own(pipeline: Pipeline, ann):
    old = pipeline.send("order_shipped", "usr_42", data=ORDER, channels=["in_app"])
    publish(NotificationType.objects.get(), [Words("in_app", "en", title="New", body="New: {{ order }}")])
    new = pipeline.send("order_shipped", "usr_42", data=ORDER, channels=["in_app"])
    pipeline.run()
    bodies = {entry.row.id: entry.row.content.body for entry in get_store().inbox_page("usr_42", limit=10).entries}
    assert bodies == {old: "A1 left us.", new: "New: A1"}


def test_a_user_in_their_own_language(pipeline: Pipeline):
    kind = make_type("order_shipped", channels=["in_app"])
    publish(kind, [*published(kind), Words("in_app", "de", title="Unterwegs", body="{{ order }} ist unterwegs.")])
    for user, locale in (("ann", "de-AT"), ("bob", "fr")):
        make_user(user, locale=locale)
        pipeline.send("order_shipped", user, data=ORDER)
    pipeline.run()
    titles = [get_store().inbox_page(user, limit=1).entries[0].row.content.title for user in ("ann", "bob")]
    assert titles == ["Unterwegs", "On its way"]


def test_one_batch_of_many_users_is_routed_whole(pipeline: Pipeline, ann):
    requests = [
        SendRequest(type="order_shipped", target=Target("user", f"usr_{n % 60}"), data={"order": f"A{n}"})
        for n in range(300)
    ]
    before = now_ms()
    ids = pipeline.send_many(requests)
    pipeline.run()
    later(pipeline)
    assert len(inbox("usr_42")) == 5
    assert inbox("usr_42") == [id for n, id in reversed(list(enumerate(ids))) if n % 60 == 42]
    assert all(told(id)["status"] == "delivered" for id in ids[::37])
    assert now_ms() - before < 20_000
    assert_accounted_for()


def test_user_ids_are_names_and_nothing_else(pipeline: Pipeline):
    make_type("liked", channels=["in_app", "push"], priority="high")
    names = ["a:b", "ü/é", "x" * 128, "%_'\"", "😀", "a b", "../x", "*", "0"]
    for name in names:
        make_user(name, token=f"token of {name}")
    ids = {name: pipeline.send("liked", name, data={"order": "😀"}) for name in names}
    pipeline.run()
    for name, id in ids.items():
        assert inbox(name) == [id]
        assert outbox(id) == {f"token of {name}": (1, 1)}
    assert_accounted_for()
