"""SMS pumping through the whole pipeline, on the lane that codes take and on the others'."""

from __future__ import annotations

import pytest

from delivery.models import Alert
from delivery.providers.sandbox.models import OutboxMessage
from notifications.store import get_store
from tests.pipeline import Pipeline
from tests.whole.conftest import make_type, make_user

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


@pytest.fixture(params=["critical", "normal"])
def code(request: pytest.FixtureRequest, pipeline: Pipeline) -> str:
    """A type that somebody can have sent to any number, on one lane and on the other."""
    make_type("login_code", category="security", priority=request.param, channels=["sms"], two_factor=True)
    return "login_code"


def decided(ids: list[str]) -> list[tuple[str, str, str]]:
    details = get_store().details(ids)
    cells = [channel for each in ids for channel in details[each][0].decision.channels]
    return [(cell.verdict, cell.reason, cell.setting) for cell in cells]


def send_to(pipeline: Pipeline, *users: str) -> list[str]:
    ids = [pipeline.send("login_code", user, data={"order": "123456"}) for user in users]
    pipeline.run()
    return ids


def test_a_block_of_numbers_gets_so_many_and_operators_are_told_once(pipeline, code, settings):
    settings.SMS_GUARD_LIMITS = {"sms_prefix": (3, 3600), "sms_one_user": (30, 3600)}
    users = [make_user(f"usr_{n}", phone=f"+2252101234{n:03d}").user_id for n in range(5)]
    elsewhere = make_user("usr_de", phone="+4915112345678").user_id

    results = decided(send_to(pipeline, *users, elsewhere))

    dropped = ("drop", "rate_limited", "SMS_PER_PREFIX 3/hour")
    assert results.count(dropped) == 2
    assert [verdict for verdict, _, _ in results].count("send") == 4
    assert results[-1][0] == "send"
    assert OutboxMessage.objects.filter(channel="sms").count() == 4
    alert = Alert.objects.get(kind="sms_pumping")
    assert "numbers +225210123xxxx crossed 3/hour" in alert.text

    send_to(pipeline, users[0])
    assert Alert.objects.filter(kind="sms_pumping").count() == 1


def test_a_user_gets_so_many_whatever_the_priority(pipeline, code, settings):
    settings.SMS_GUARD_LIMITS = {"sms_prefix": (0, 3600), "sms_one_user": (2, 3600)}
    make_user("usr_1", phone="+4915112345678")
    results = decided(send_to(pipeline, *["usr_1"] * 3))
    assert sorted(results)[0] == ("drop", "rate_limited", "SMS_PER_USER 2/hour")
    assert "user usr_1 crossed 2/hour" in Alert.objects.get().text


def test_a_country_the_type_doesnt_serve_gets_none(pipeline, code, settings):
    settings.SMS_COUNTRIES = ("DE", "AT")
    make_user("usr_ci", phone="+2252101234567")
    make_user("usr_de", phone="+4915112345678")
    assert decided(send_to(pipeline, "usr_ci", "usr_de")) == [
        ("drop", "country_not_allowed", "SMS countries of login_code"),
        ("send", "preference", "preference */sms"),
    ]


def test_a_repeat_of_the_batch_counts_nothing_twice(pipeline, code, settings):
    settings.SMS_GUARD_LIMITS = {"sms_prefix": (1, 3600), "sms_one_user": (30, 3600)}
    make_user("usr_1", phone="+4915112345678")
    [id] = send_to(pipeline, "usr_1")
    assert decided([id])[0][0] == "send"
    assert not Alert.objects.exists()
