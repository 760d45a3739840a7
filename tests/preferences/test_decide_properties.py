"""What must hold whatever the input (contract §4)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from preferences.channels import CHANNELS
from preferences.decide import apply_limits, decide
from preferences.facts import Device, PreferenceCell, Profile, Question, QuietHours, TypeFacts
from preferences.precedence import ruling_cell
from tests.preferences.factories import NOON

channel_sets = st.lists(st.sampled_from(CHANNELS), unique=True, min_size=1).map(tuple)
cells = st.builds(
    PreferenceCell,
    scope=st.sampled_from(["order_shipped", "order_updates", "*", "other"]),
    channel=st.sampled_from([*CHANNELS, "*"]),
    enabled=st.booleans(),
)
facts = st.builds(
    TypeFacts,
    name=st.just("order_shipped"),
    category=st.just("order_updates"),
    priority=st.just("high"),
    channels=channel_sets,
    mandatory=st.booleans(),
    marketing=st.booleans(),
    two_factor=st.booleans(),
)
times = st.times().map(lambda time: f"{time:%H:%M}")
profiles = st.builds(
    Profile,
    user_id=st.just("usr_1"),
    known=st.booleans(),
    time_zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "No/Such"]),
    email=st.sampled_from(["", "a@example.com"]),
    phone=st.sampled_from(["", "+4915112345678"]),
    devices=st.sampled_from(
        [(), (Device("d1", "t1", "fcm"),), (Device("d1", "t1", "fcm"), Device("d2", "t2", "apns"))]
    ),
    quiet_hours=st.none() | st.builds(QuietHours, start=times, end=times),
    preferences=st.lists(cells, max_size=6, unique_by=lambda each: (each.scope, each.channel)).map(tuple),
    suppressed=st.frozensets(st.sampled_from(["a@example.com", "+4915112345678", "t1"])),
    invalid=st.frozensets(st.sampled_from(["a@example.com", "+4915112345678", "t2"])),
    erased=st.booleans(),
)
near = st.none() | st.integers(NOON - 10**8, NOON + 10**8)
questions = st.builds(
    Question,
    id=st.just("notif_1"),
    user=st.just("usr_1"),
    priority=st.sampled_from(["critical", "high", "normal", "low"]),
    now=st.integers(NOON - 10**9, NOON + 10**9),
    channels=st.none() | channel_sets,
    only=st.none() | channel_sets,
    schedule_at=near,
    expires_at=near,
)


@given(questions, facts, profiles)
def test_every_channel_in_question_gets_exactly_one_verdict(question, facts, profile):
    expected = question.only or question.channels or facts.channels

    assert [each.channel for each in decide(question, facts, profile)] == list(expected)


@given(questions, facts, profiles)
def test_an_opt_out_is_never_overridden_except_by_what_is_mandatory(question, facts, profile):
    for verdict in decide(question, facts, profile):
        if verdict.verdict != "send" or facts.mandatory or verdict.channel == "in_app":
            continue
        cell = ruling_cell(profile.preferences, type_name=facts.name, category=facts.category, channel=verdict.channel)
        assert cell.enabled if cell else verdict.channel != "sms"


@given(questions, facts, profiles)
def test_in_app_is_never_dropped_by_what_the_user_set(question, facts, profile):
    for verdict in decide(question, facts, profile):
        if verdict.channel == "in_app":
            assert verdict.reason not in {"opted_out", "quiet_hours", "no_address", "suppressed", "invalid_address"}


@given(questions, facts, profiles)
def test_a_send_has_live_addresses_and_anything_else_has_none(question, facts, profile):
    for verdict in decide(question, facts, profile):
        dead = profile.invalid | profile.suppressed
        assert bool(verdict.addresses) == (verdict.verdict == "send")
        assert not {each.address for each in verdict.addresses} & dead


@given(questions, facts, profiles)
def test_critical_is_never_deferred_by_quiet_hours_nor_counted(question, facts, profile):
    for verdict in decide(question, facts, profile):
        if question.priority == "critical":
            assert verdict.reason != "quiet_hours"
            assert verdict.limit == ""


@given(questions, facts, profiles)
def test_a_deferral_lies_ahead_and_its_end_brings_no_second_one(question, facts, profile):
    for verdict in decide(question, facts, profile):
        if verdict.verdict != "defer":
            continue
        assert verdict.due > question.now
        if verdict.reason == "quiet_hours":
            again = Question(
                id=question.id, user=question.user, priority=question.priority, now=verdict.due, only=(verdict.channel,)
            )
            assert decide(again, facts, profile)[0].reason != "quiet_hours"


@given(questions, facts, profiles, st.frozensets(st.sampled_from(["push", "email", "sms", "in_app"])))
def test_limits_touch_only_sends_that_count_towards_them(question, facts, profile, over):
    before = decide(question, facts, profile)

    for was, now in zip(before, apply_limits(before, over), strict=True):
        assert now.reason == "rate_limited" if was.limit in over else now == was
