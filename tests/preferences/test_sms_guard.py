"""SMS pumping: the countries a type may go to, and how many SMS a block of numbers and a user get."""

from __future__ import annotations

import pytest

from preferences import sms_guard
from preferences.decide import decide
from preferences.limits import count
from preferences.phone_numbers import country_of, prefix_of
from tests.preferences.factories import ann, cell, order_shipped, question, security_alert

LIMITS = {"sms_prefix": (3, 3600), "sms_one_user": (2, 3600)}
OPTED_IN = {"preferences": (cell("*", "sms", True),)}


def sms_of(facts, **profile):
    """The verdict for SMS."""
    return next(each for each in decide(question(), facts, ann(**OPTED_IN | profile)) if each.channel == "sms")


class TestCountries:
    @pytest.mark.parametrize(
        ("number", "country"),
        [
            ("+4915112345678", "DE"),
            ("+12025550142", "US"),
            ("+14165550142", "CA"),  # the same +1
            ("+442071234567", "GB"),
            ("+447700900107", "GB"),  # in no range that is known
            ("+447797123456", "JE"),  # the same +44
            ("+77011234567", "KZ"),
            ("+870772001234", ""),  # a satellite's
            ("nonsense", ""),
        ],
    )
    def test_a_numbers_country_is_known(self, number, country):
        assert country_of(number) == country

    def test_a_type_goes_where_it_may(self):
        assert sms_of(order_shipped(sms_countries=("AT", "DE"))).verdict == "send"
        assert sms_of(order_shipped(sms_countries=()), phone="+77011234567").verdict == "send"

    @pytest.mark.parametrize("make", [order_shipped, security_alert])
    @pytest.mark.parametrize(("phone", "where"), [("+77011234567", "to KZ"), ("+870772001234", "of no country")])
    def test_it_doesnt_go_elsewhere_mandatory_or_not_and_says_why(self, make, phone, where):
        verdict = sms_of(make(sms_countries=("AT", "DE")), phone=phone)
        assert (verdict.verdict, verdict.reason, verdict.addresses) == ("drop", "country_not_allowed", ())
        assert where in verdict.detail
        assert verdict.detail.endswith("they go to AT, DE.")
        assert verdict.setting == f"SMS countries of {make().name}"

    def test_other_channels_dont_care(self):
        verdicts = decide(question(), order_shipped(sms_countries=("AT",)), ann(**OPTED_IN))
        assert [each.channel for each in verdicts if each.verdict == "send"] == ["in_app", "push", "email"]


class TestVelocity:
    def test_an_sms_counts_towards_its_block_and_its_user(self):
        verdicts = decide(question(), order_shipped(), ann(**OPTED_IN))
        found = sms_guard.entries("usr_ann", verdicts, id="notif_1", now=5)
        assert [(each.user, each.limit, each.notification_id, each.now) for each in found] == [
            ("+491511234", "sms_prefix", "notif_1", 5),
            ("usr_ann", "sms_one_user", "notif_1", 5),
        ]
        assert prefix_of("+4915112345678") == prefix_of("+4915112340000") != prefix_of("+4915112350000")

    def test_nothing_is_counted_where_no_sms_goes_out(self):
        assert sms_guard.entries("usr_ann", decide(question(), order_shipped(), ann()), id="notif_1", now=5) == []

    @pytest.mark.parametrize(
        ("over", "setting", "whose"),
        [
            ("sms_prefix", "SMS_PER_PREFIX 3/hour", "to numbers +491511234xxxx"),
            ("sms_one_user", "SMS_PER_USER 2/hour", "to one user"),
        ],
    )
    def test_beyond_it_the_sms_alone_is_dropped_and_says_why(self, over, setting, whose):
        verdicts = decide(question(priority="critical"), security_alert(), ann())
        *others, sms = sms_guard.refuse(verdicts, [over], LIMITS)
        assert [each.verdict for each in others] == ["send", "send"]
        assert (sms.verdict, sms.reason, sms.setting, sms.addresses) == ("drop", "rate_limited", setting, ())
        assert whose in sms.detail
        assert "SMS pumping" in sms.detail

    def test_within_it_nothing_changes(self):
        verdicts = decide(question(), order_shipped(), ann(**OPTED_IN))
        assert sms_guard.refuse(verdicts, ["sms"], LIMITS) == list(verdicts)

    def test_it_is_counted_over_users_and_the_same_notification_once(self, settings, redis):
        settings.SMS_GUARD_LIMITS = LIMITS
        verdicts = decide(question(), order_shipped(), ann(**OPTED_IN))
        batch = [
            entry
            for number in range(5)
            for entry in sms_guard.entries(f"usr_{number}", verdicts, id=f"notif_{number}", now=number)
        ]
        first = count(batch)
        assert first[::2] == [True] * 3 + [False] * 2
        assert all(first[1::2])
        assert count(batch) == first

    def test_records_of_many_users_come_in_any_order(self, settings, redis):
        settings.SMS_GUARD_LIMITS = LIMITS
        verdicts = decide(question(), order_shipped(), ann(**OPTED_IN))
        late = [sms_guard.entries(f"usr_{n}", verdicts, id=f"notif_{n}", now=n)[0] for n in range(5, 0, -1)]
        assert count(late) == [True] * 3 + [False] * 2
