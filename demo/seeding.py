"""Puts the demo's company into the databases. Done again it adds what is missing and overwrites nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from demo.company import KINDS, PEOPLE, Kind, Person
from preferences.contact_points import device_id_of
from preferences.models import Device, InvalidAddress, PreferenceRow, Segment, Suppression, User
from preferences.profiles import forget_after_commit
from preferences.segments import ALL_ACTIVE_USERS
from templates_app.models import NotificationType
from templates_app.publish import publish
from templates_app.variables.infer import infer
from templates_app.variables.rows import set_variables

Row = TypeVar("Row", bound=Model)
ACTIVE_DAYS = 30
SEGMENTS = {
    ALL_ACTIVE_USERS: ("Everybody who was there in the last 30 days.", {"active_within_days": ACTIVE_DAYS}),
    "german_speakers": ("Whoever reads German.", {"locales": ["de"]}),
    "reachable_by_push": ("Whoever has a phone with the app.", {"reachable_by": ["push"]}),
}


def seed_company() -> None:
    """Types with their words, people with their settings, segments."""
    with transaction.atomic():
        _seed_types()
        _seed_people()
        _seed_segments()


def _seed_types() -> None:
    there = set(NotificationType.objects.values_list("name", flat=True))
    for kind in KINDS:
        if kind.name not in there:
            row = _make_type(kind)
            set_variables(row, infer(kind.example))
            publish(row, kind.texts, author="seed", note="as delivered")


def _make_type(kind: Kind) -> NotificationType:
    return NotificationType.objects.create(
        name=kind.name,
        category=kind.category,
        priority=kind.priority,
        channels=list(kind.channels),
        description=kind.description,
        example=kind.example,
        **kind.rules,
    )


def _seed_people() -> None:
    ids = [person.user_id for person in PEOPLE]
    there = set(User.objects.filter(user_id__in=ids).values_list("user_id", flat=True))
    new = [person for person in PEOPLE if person.user_id not in there]
    User.objects.bulk_create(_user(person) for person in new)
    users = {user.user_id: user for user in User.objects.filter(user_id__in=ids)}
    _seed_belongings(new, users)
    User.objects.filter(user_id__in=ids, erased_at=None).update(last_active=timezone.now())
    forget_after_commit([person.user_id for person in new])


def _user(person: Person) -> User:
    return User(
        user_id=person.user_id,
        locale=person.locale,
        time_zone=person.time_zone,
        email=person.email,
        phone=person.phone,
        attributes={} if person.erased else {"name": person.name, "story": person.story},
        quiet_hours=person.quiet_hours,
        erased_at=timezone.now() if person.erased else None,
    )


def _seed_belongings(people: Sequence[Person], users: dict[str, User]) -> None:
    Device.objects.bulk_create(_each(people, lambda person: _devices(person, users)), ignore_conflicts=True)
    PreferenceRow.objects.bulk_create(_each(people, lambda person: _choices(person, users)))
    Suppression.objects.bulk_create(_each(people, _suppressions), ignore_conflicts=True)
    InvalidAddress.objects.bulk_create(_each(people, lambda person: _dead(person, users)))


def _each(people: Sequence[Person], rows: Callable[[Person], list[Row]]) -> list[Row]:
    return [row for person in people for row in rows(person)]


def _devices(person: Person, users: dict[str, User]) -> list[Device]:
    user = users[person.user_id]
    return [
        Device(user=user, device_id=device_id_of(token), token=token, platform=platform, name=name)
        for platform, token, name in person.devices
    ]


def _choices(person: Person, users: dict[str, User]) -> list[PreferenceRow]:
    user = users[person.user_id]
    return [
        PreferenceRow(user=user, scope=scope, channel=channel, enabled=enabled)
        for scope, channel, enabled in person.choices
    ]


def _suppressions(person: Person) -> list[Suppression]:
    return [
        Suppression(address=_address(person, channel), channel=channel, reason=reason)
        for channel, reason in person.suppressed
    ]


def _dead(person: Person, users: dict[str, User]) -> list[InvalidAddress]:
    user = users[person.user_id]
    return [InvalidAddress(user=user, channel=channel, address=_address(person, channel)) for channel in person.dead]


def _address(person: Person, channel: str) -> str:
    return person.email if channel == "email" else person.phone


def _seed_segments() -> None:
    rows = [Segment(name=name, description=words, condition=where) for name, (words, where) in SEGMENTS.items()]
    Segment.objects.bulk_create(rows, ignore_conflicts=True)
