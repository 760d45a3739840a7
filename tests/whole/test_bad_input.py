"""What can't be delivered is recorded with its reason, and the others in the same batch go through."""

from __future__ import annotations

import pytest

from delivery.models import DeadLetter
from notifications.sending import SendRequest, Target
from tests.pipeline import Pipeline
from tests.whole.conftest import make_type, make_user
from tests.whole.looking import assert_accounted_for, channels, inbox, outbox, told

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

ENDLESS = "first\n{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"


def request(type_name: str, user: str = "usr_42", **data) -> SendRequest:
    return SendRequest(type=type_name, target=Target("user", user), data={"order": "A1"} | data)


@pytest.fixture
def batch(pipeline: Pipeline, ada) -> dict[str, str]:
    """One batch with every kind of trouble in it, and good ones before and after: id by name."""
    make_type("good", channels=["in_app", "push", "email"])
    gone = make_type("gone", channels=["in_app", "email"])
    make_type("missing", channels=["in_app", "email"], words={"email": "Hello\n{{ nowhere }}"})
    make_type("endless", channels=["in_app", "email"], words={"in_app": ENDLESS})
    make_type("huge", channels=["in_app", "email"], words={"email": "{% for i in range(20) %}\n{{ big }}{% endfor %}"})
    make_user("no_address")
    ids = pipeline.send_many(
        [
            request("good"),
            request("gone"),
            request("missing"),
            request("good", "no_address"),
            request("endless"),
            request("good", "nobody_knows"),
            request("huge", big="x" * 55_000),
            request("good"),
        ]
    )
    gone.delete()
    pipeline.run()
    names = ("first", "gone", "missing", "no_address", "endless", "unknown", "huge", "last")
    return dict(zip(names, ids, strict=True))


def test_the_good_ones_go_through(batch: dict[str, str]):
    for name in ("first", "last"):
        assert channels(batch[name]) == dict.fromkeys(("in_app", "push", "email"), ("sent", ""))
        assert outbox(batch[name]) == {"token-1": (1, 1), "ada@example.com": (1, 1)}
    assert set(inbox("usr_42")) == {batch["first"], batch["last"], batch["missing"], batch["huge"]}
    assert_accounted_for()


def test_what_has_nowhere_to_go_or_nothing_to_say_is_dropped_and_said_so(batch: dict[str, str]):
    its = told(batch["gone"])
    assert its["status"] == "dropped"
    assert {each["reason"] for each in its["channels"].values()} == {"no_template"}
    assert its["channels"]["in_app"]["detail"] == "The notification type is gone."

    dropped = ("dropped", "no_address")
    expected = {"in_app": ("sent", ""), "push": dropped, "email": dropped}
    assert channels(batch["no_address"]) == channels(batch["unknown"]) == expected
    assert inbox("nobody_knows") == [batch["unknown"]]
    assert told(batch["unknown"])["channels"]["email"]["detail"].startswith("Nobody has registered this user")
    assert told(batch["no_address"])["channels"]["push"]["detail"] == "The user has no device registered."


FAILS = {"missing": ("email", "nowhere"), "endless": ("in_app", "more work"), "huge": ("email", "more than")}


def test_a_template_that_fails_parks_with_its_name_and_line(batch: dict[str, str]):
    for name, (channel, why) in FAILS.items():
        expected = {"in_app": ("sent", ""), "email": ("sent", "")} | {channel: ("parked", "template_error")}
        assert channels(batch[name]) == expected
        letter = DeadLetter.objects.get(notification_id=batch[name])
        assert (letter.channel, letter.reason, letter.error) == (channel, "template_error", "template")
        assert letter.detail.startswith(name)
        assert "line 2" in letter.detail
        assert why in letter.detail
        assert told(batch[name])["channels"][channel]["detail"] == letter.detail
