"""Contract §4, row by row."""

from __future__ import annotations

import pytest

from preferences.decide import apply_limits, decide
from preferences.facts import Address, Device, Profile, QuietHours, Verdict
from tests.preferences.factories import NOON, ann, cell, ms, order_shipped, question, security_alert


def by_channel(verdicts: tuple[Verdict, ...]) -> dict[str, tuple[str, str]]:
    return {each.channel: (each.verdict, each.reason) for each in verdicts}


def one(verdicts: tuple[Verdict, ...], channel: str) -> Verdict:
    return next(each for each in verdicts if each.channel == channel)


def test_everything_is_on_but_sms():
    verdicts = decide(question(), order_shipped(), ann())

    assert by_channel(verdicts) == {
        "in_app": ("send", "in_app_always_on"),
        "push": ("send", "default"),
        "email": ("send", "default"),
        "sms": ("drop", "opted_out"),
    }
    assert one(verdicts, "in_app").addresses == (Address("usr_ann"),)
    assert one(verdicts, "push").addresses == (Address("token-1", "apns", "dev_1"), Address("token-2", "fcm", "dev_2"))
    assert one(verdicts, "sms").setting == "default sms/off"


def test_every_verdict_can_be_read_and_traced():
    for profile in (ann(), ann(erased=True), Profile(user_id="new", known=False)):
        for verdict in decide(question(), order_shipped(), profile):
            assert verdict.detail.endswith(".")
            assert verdict.setting


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([cell("*", "push", False)], "drop"),
        ([cell("*", "push", False), cell("order_updates", "push", True)], "send"),
        ([cell("order_updates", "push", False), cell("order_shipped", "push", True)], "send"),
        ([cell("order_shipped", "push", False), cell("order_updates", "push", True), cell("*", "push", True)], "drop"),
        ([cell("order_updates", "*", False), cell("order_updates", "push", True)], "send"),
        ([cell("order_shipped", "*", False), cell("order_updates", "push", True)], "drop"),
        ([cell("promotions", "push", False), cell("order_updates", "email", False)], "send"),
    ],
)
def test_the_most_specific_row_wins(rows, expected):
    for order in (rows, rows[::-1]):
        assert one(decide(question(), order_shipped(), ann(preferences=tuple(order))), "push").verdict == expected


def test_an_opt_out_names_its_row():
    verdict = one(decide(question(), order_shipped(), ann(preferences=(cell("order_updates", "push", False),))), "push")

    assert (verdict.reason, verdict.setting) == ("opted_out", "preference order_updates/push")
    assert verdict.detail == "The user turned push off for all of order_updates."


def test_sms_is_opt_in():
    verdict = one(decide(question(), order_shipped(), ann(preferences=(cell("*", "sms", True),))), "sms")

    assert (verdict.verdict, verdict.reason, verdict.limit) == ("send", "preference", "sms")


def test_no_preference_turns_in_app_off():
    profile = ann(preferences=(cell("*", "*", False), cell("order_shipped", "in_app", False)))

    assert one(decide(question(), order_shipped(), profile), "in_app").verdict == "send"


def test_mandatory_goes_to_its_own_channels_wherever_there_is_an_address():
    profile = ann(preferences=(cell("*", "*", False), cell("security_alert", "sms", False)), email="")

    assert by_channel(decide(question(), security_alert(), profile)) == {
        "in_app": ("send", "mandatory"),
        "email": ("drop", "no_address"),
        "sms": ("send", "mandatory"),
    }


def test_explicit_channels_narrow_and_may_leave_in_app_out():
    verdicts = decide(question(channels=("email",)), order_shipped(), ann())

    assert by_channel(verdicts) == {"email": ("send", "default")}


def test_explicit_channels_never_override_an_opt_out():
    profile = ann(preferences=(cell("*", "email", False),))

    assert by_channel(decide(question(channels=("email", "sms")), order_shipped(), profile)) == {
        "email": ("drop", "opted_out"),
        "sms": ("drop", "opted_out"),
    }


def test_explicit_channels_add_none_to_the_types_own():
    verdict = one(decide(question(channels=("push",)), security_alert(), ann()), "push")

    assert (verdict.verdict, verdict.reason) == ("drop", "no_template")
    assert "in_app, email, sms" in verdict.detail


def test_only_what_is_resumed_is_looked_at_again_with_todays_preferences():
    asked = question(only=("push",), resumed="quiet_hours")

    assert by_channel(decide(asked, order_shipped(), ann())) == {"push": ("send", "default")}
    assert by_channel(decide(asked, order_shipped(), ann(preferences=(cell("*", "push", False),)))) == {
        "push": ("drop", "opted_out")
    }


def test_a_fallback_is_a_new_channel_with_preferences_checked():
    asked = question(channels=("in_app",), only=("email",), resumed="fallback")
    inbox_only = order_shipped(channels=("in_app",))

    assert by_channel(decide(asked, inbox_only, ann())) == {"email": ("send", "default")}
    assert by_channel(decide(asked, inbox_only, ann(preferences=(cell("*", "email", False),)))) == {
        "email": ("drop", "opted_out")
    }


def test_an_unknown_user_keeps_in_app_and_the_rest_has_no_address():
    verdicts = decide(question(), order_shipped(), Profile(user_id="usr_new", known=False))

    assert [(each.channel, each.reason) for each in verdicts] == [
        ("in_app", "in_app_always_on"),
        ("push", "no_address"),
        ("email", "no_address"),
        ("sms", "no_address"),
    ]


def test_dead_and_suppressed_addresses():
    profile = ann(invalid=frozenset({"token-1", "+4915112345678"}), suppressed=frozenset({"ann@example.com"}))
    verdicts = decide(question(), security_alert(channels=("push", "email", "sms")), profile)

    assert one(verdicts, "push").addresses == (Address("token-2", "fcm", "dev_2"),)
    assert one(verdicts, "email").reason == "suppressed"
    assert one(verdicts, "sms").reason == "invalid_address"


def test_all_devices_dead():
    profile = ann(devices=(Device("d", "t", "fcm"),), invalid=frozenset({"t"}))

    assert one(decide(question(), order_shipped(), profile), "push").reason == "invalid_address"


def test_an_erased_user_gets_nothing_not_even_what_is_mandatory():
    verdicts = decide(question(), security_alert(), ann(erased=True))

    assert {each.reason for each in verdicts} == {"erased"}


def test_expired_at_its_decision_time():
    assert {each.reason for each in decide(question(expires_at=NOON), order_shipped(), ann())} == {"expired"}
    assert "expired" not in {each.reason for each in decide(question(expires_at=NOON + 1), order_shipped(), ann())}


def test_a_type_that_is_gone_still_gets_a_verdict_for_each_channel():
    assert by_channel(decide(question(channels=("push", "sms")), None, ann())) == {
        "push": ("drop", "no_template"),
        "sms": ("drop", "no_template"),
    }
    assert by_channel(decide(question(), None, ann())) == {"in_app": ("drop", "no_template")}


def test_a_schedule_defers_all_channels_and_is_over_at_its_time():
    later = NOON + 60_000
    waiting = decide(question(schedule_at=later), order_shipped(), ann())

    assert {(each.verdict, each.reason, each.due) for each in waiting} == {("defer", "scheduled", later)}
    assert one(decide(question(schedule_at=later, now=later), order_shipped(), ann()), "push").verdict == "send"


QUIET = QuietHours("22:00", "07:00")
NIGHT = ms("2026-01-05T23:30:00+01:00")


def test_quiet_hours_defer_push_and_sms_but_not_in_app_nor_transactional_email():
    profile = ann(quiet_hours=QUIET, preferences=(cell("*", "sms", True),))
    verdicts = decide(question(now=NIGHT), order_shipped(), profile)

    assert by_channel(verdicts) == {
        "in_app": ("send", "in_app_always_on"),
        "push": ("defer", "quiet_hours"),
        "email": ("send", "default"),
        "sms": ("defer", "quiet_hours"),
    }
    assert one(verdicts, "push").due == ms("2026-01-06T07:00:00+01:00")
    assert one(verdicts, "push").setting == "quiet hours 22:00-07:00 Europe/Berlin"
    assert one(verdicts, "push").limit == ""


def test_quiet_hours_defer_marketing_email():
    promo = order_shipped(name="promo", category="promotions", marketing=True)

    assert one(decide(question(now=NIGHT), promo, ann(quiet_hours=QUIET)), "email").reason == "quiet_hours"


def test_critical_bypasses_quiet_hours_and_limits():
    verdicts = decide(question(now=NIGHT, priority="critical"), security_alert(), ann(quiet_hours=QUIET))

    assert {(each.verdict, each.limit) for each in verdicts} == {("send", "")}


def test_an_opt_out_is_not_deferred():
    profile = ann(quiet_hours=QUIET, preferences=(cell("*", "push", False),))

    assert one(decide(question(now=NIGHT), order_shipped(), profile), "push").reason == "opted_out"


def test_limits_by_channel_and_kind():
    def limits(**kind):
        facts = order_shipped(**kind)
        profile = ann(preferences=(cell("*", "sms", True),))
        return [each.limit for each in decide(question(), facts, profile)]

    assert limits() == ["in_app", "push", "email", "sms"]
    assert limits(marketing=True) == ["in_app", "push", "email_marketing", "sms"]
    assert limits(two_factor=True) == ["in_app", "push", "email", "sms_two_factor"]


def test_what_is_over_its_limit_is_dropped_and_says_the_figure():
    verdicts = apply_limits(decide(question(), order_shipped(), ann()), {"push"}, {"push": (20, 3600)})

    push = one(verdicts, "push")
    assert (push.verdict, push.reason, push.addresses) == ("drop", "rate_limited", ())
    assert push.setting == "limit push 20/hour"
    assert one(verdicts, "in_app").verdict == "send"
