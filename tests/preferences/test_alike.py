"""Deciding for many who are asked the same gives, for each, exactly what deciding for that one gives."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from preferences.alike import Alike
from preferences.decide import decide
from preferences.facts import Device, PreferenceCell, Profile, QuietHours
from tests.preferences.factories import NOON, ann, order_shipped, question

CHANNELS = ("in_app", "push", "email", "sms")
profiles = st.builds(
    ann,
    known=st.booleans(),
    erased=st.booleans(),
    email=st.sampled_from(["", "a@example.com", "b@example.com"]),
    phone=st.sampled_from(["", "+4915112345678", "+12025550123"]),
    devices=st.sampled_from(
        [(), (Device("d1", "t1", "apns"),), (Device("d2", "t2", "fcm"), Device("d3", "t3", "web"))]
    ),
    time_zone=st.sampled_from(["UTC", "Europe/Berlin", "America/Lima"]),
    quiet_hours=st.sampled_from([None, QuietHours("11:00", "14:00"), QuietHours("22:00", "07:00")]),
    preferences=st.lists(
        st.builds(PreferenceCell, st.sampled_from(["*", "order_updates"]), st.sampled_from(CHANNELS), st.booleans()),
        max_size=3,
    ).map(tuple),
    suppressed=st.sampled_from([frozenset(), frozenset(["a@example.com"]), frozenset(["t2"])]),
    invalid=st.sampled_from([frozenset(), frozenset(["+4915112345678"]), frozenset(["t3"])]),
)
facts = st.builds(
    order_shipped,
    mandatory=st.booleans(),
    marketing=st.booleans(),
    sms_countries=st.sampled_from([(), ("DE",)]),
    priority=st.just("normal"),
)


@given(facts, st.lists(profiles, min_size=1, max_size=12), st.sampled_from([None, NOON - 1]))
def test_the_same_verdicts_and_addresses_as_one_by_one(its, many: list[Profile], expires):
    asked = question(priority="normal", expires_at=expires)
    alike = Alike(asked, its)
    for place, profile in enumerate(many):
        profile = msgspec.structs.replace(profile, user_id=f"usr_{place}")
        found = alike.verdicts(alike.key(profile), profile)
        filled = tuple(
            msgspec.structs.replace(each, addresses=alike.addresses(each.channel, profile))
            if each.verdict == "send"
            else each
            for each in found
        )
        assert filled == decide(asked, its, profile)
