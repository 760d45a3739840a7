"""Profiles from Redis and SQL: one round each, dropped on write, never stale after a race."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from preferences import profile_cache, profile_rows
from preferences.addresses import Dead, invalidate_address, invalidate_addresses
from preferences.contact_points import device_id_of
from preferences.facts import Device as DeviceFacts
from preferences.facts import PreferenceCell, Profile, QuietHours
from preferences.models import Device, PreferenceRow, User
from preferences.profiles import ProfilesUnavailable, forget, narrow, profiles
from preferences.suppression import Entry, add, remove

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis")]


@pytest.fixture
def ann() -> User:
    user = User.objects.create(
        user_id="usr_ann",
        locale="de-AT",
        time_zone="Europe/Vienna",
        email="ann@example.com",
        phone="+431234567",
        quiet_hours={"start": "22:00", "end": "07:00", "days": [1, 2, 3]},
    )
    Device.objects.create(user=user, token="token-1", platform="fcm")
    PreferenceRow.objects.create(user=user, scope="*", channel="sms", enabled=True)
    return user


def fill_cache(*user_ids: str) -> None:
    """Twice: the first fill of a fresh Redis only starts its count."""
    profiles(user_ids)
    profiles(user_ids)
    assert set(narrow(user_ids)) == set(user_ids)


def test_everything_routing_needs_is_there(ann):
    expected = Profile(
        user_id="usr_ann",
        locale="de-AT",
        time_zone="Europe/Vienna",
        email="ann@example.com",
        phone="+431234567",
        devices=(DeviceFacts(device_id_of("token-1"), "token-1", "fcm"),),
        quiet_hours=QuietHours("22:00", "07:00", (1, 2, 3)),
        preferences=(PreferenceCell("*", "sms", True),),
    )

    assert profiles(["usr_ann"])["usr_ann"] == expected
    fill_cache("usr_ann")
    assert narrow(["usr_ann"])["usr_ann"] == expected


def test_a_batch_costs_one_query_a_table_and_then_none(ann):
    users = ["usr_ann", *(f"usr_{number}" for number in range(50))]
    User.objects.bulk_create(User(user_id=user) for user in users[1:])

    with CaptureQueriesContext(
        connection,
    ) as first:
        profiles(users)
    profiles(users)
    with CaptureQueriesContext(connection) as cached:
        assert len(profiles(users)) == 51

    assert len(first) == 5
    assert len(cached) == 0


def test_nobody_registered_is_remembered_for_a_shorter_time(redis, settings):
    assert profiles(["usr_new"])["usr_new"] == Profile(user_id="usr_new", known=False)
    fill_cache("usr_new")

    assert 0 < redis.ttl("np:profile:usr_new") <= settings.UNKNOWN_PROFILE_CACHE_S
    User.objects.create(user_id="usr_new", email="new@example.com")
    assert profiles(["usr_new"])["usr_new"].known


def test_any_write_drops_the_profile(ann):
    def email_to(address):
        ann.email = address
        ann.save()

    writes = [
        lambda: email_to("other@example.com"),
        lambda: Device.objects.create(user=ann, token="token-2", platform="apns"),
        lambda: ann.devices.get(token="token-1").delete(),
        lambda: PreferenceRow.objects.create(user=ann, scope="*", channel="push", enabled=False),
        lambda: add([Entry("other@example.com", "email", "bounce")], by="ses"),
        lambda: remove([("other@example.com", "email")], by="root", note="it was ours"),
        lambda: invalidate_address("usr_ann", "sms", "+431234567"),
        lambda: ann.delete(),
    ]
    for write in writes:
        fill_cache("usr_ann")
        before = narrow(["usr_ann"])["usr_ann"]
        write()
        assert narrow(["usr_ann"]) == {}
        assert profiles(["usr_ann"])["usr_ann"] != before


def test_a_device_that_moves_is_lost_to_its_former_owner(ann):
    ben = User.objects.create(user_id="usr_ben")
    fill_cache("usr_ann", "usr_ben")

    device = ann.devices.get()
    device.user = ben
    device.save()

    assert profiles(["usr_ann", "usr_ben"])["usr_ann"].devices == ()
    assert len(profiles(["usr_ben"])["usr_ben"].devices) == 1


def test_what_was_read_before_a_drop_is_not_cached_after_it(ann):
    fill_cache("usr_ann", "usr_other")
    forget(["usr_ann", "usr_other"])
    _, ticket = profile_cache.read(["usr_ann", "usr_other"])
    stale = profile_rows.load(["usr_ann", "usr_other"])

    forget(["usr_ann"])
    written = profile_cache.fill(stale.values(), ticket)

    assert written == 1
    assert set(narrow(["usr_ann", "usr_other"])) == {"usr_other"}


def test_what_was_read_before_redis_was_wiped_is_not_cached_after_it(ann, redis):
    fill_cache("usr_ann")
    forget(["usr_ann"])
    _, ticket = profile_cache.read(["usr_ann"])
    stale = profile_rows.load(["usr_ann"])

    redis.flushdb()
    profiles(["usr_other"])

    assert profile_cache.fill(stale.values(), ticket) == 0


def test_without_the_database_the_cached_go_on_and_the_others_wait(ann, monkeypatch):
    fill_cache("usr_ann")

    def away(_):
        raise OperationalError("server has gone away")

    monkeypatch.setattr(profile_rows, "load", away)

    assert profiles(["usr_ann"])["usr_ann"].known
    with pytest.raises(ProfilesUnavailable) as caught:
        profiles(["usr_ann", "usr_ben"])
    assert (set(caught.value.known), caught.value.missing) == ({"usr_ann"}, ["usr_ben"])


def test_a_dead_push_token_is_removed_and_a_dead_email_marked(ann):
    invalidate_address("usr_ann", "push", "token-1")
    invalidate_address("usr_ann", "email", "ann@example.com")
    invalidate_address("usr_ann", "email", "ann@example.com")

    profile = profiles(["usr_ann"])["usr_ann"]
    assert profile.devices == ()
    assert profile.invalid == {"ann@example.com"}


def test_suppressed_addresses_are_known_whoever_has_them(ann):
    Device.objects.create(user=ann, token="token-2", platform="apns")
    add([Entry("ann@example.com", "email", "complaint"), Entry("token-2", "push")], by="ses")

    assert profiles(["usr_ann"])["usr_ann"].suppressed == {"ann@example.com", "token-2"}


def test_an_erased_user_is_known_as_such(ann):
    ann.erased_at = timezone.now()
    ann.save()

    assert profiles(["usr_ann"])["usr_ann"].erased


def test_one_users_unreadable_quiet_hours_hold_up_nobody(ann):
    User.objects.create(user_id="usr_odd", quiet_hours={"start": "25:00", "end": "nine"})

    known = profiles(["usr_odd", "usr_ann"])
    assert known["usr_odd"].quiet_hours is None
    assert known["usr_ann"].quiet_hours is not None


def test_what_another_version_cached_is_read_anew(ann, redis):
    fill_cache("usr_ann")
    redis.set("np:profile:usr_ann", b"\x81\xa1x\x01")

    assert profiles(["usr_ann"])["usr_ann"].email == "ann@example.com"


def test_a_device_that_came_back_keeps_its_token(ann):
    [device] = ann.devices.all()
    registered = int(device.registered_at.timestamp() * 1_000)
    invalidate_addresses([Dead("usr_ann", "push", "token-1", registered - 1), Dead("usr_bob", "push", "token-1")])
    assert ann.devices.exists()
    invalidate_addresses([Dead("usr_ann", "push", "token-1", registered + 1)])
    assert not ann.devices.exists()


def test_one_that_is_registered_again_while_it_is_taken_out_keeps_its_token_too(ann):
    def registers_again(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if sql.startswith("SELECT") and not again:
            again.append(sql)
            Device.objects.update(registered_at=timezone.now() + timedelta(seconds=1))
        return result

    again: list[str] = []
    died = int(timezone.now().timestamp() * 1_000) + 1
    with connection.execute_wrapper(registers_again):
        invalidate_addresses([Dead("usr_ann", "push", "token-1", died)])
    assert again
    assert ann.devices.exists()
