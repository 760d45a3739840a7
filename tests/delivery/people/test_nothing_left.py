"""After an erasure no table of the control plane holds the person: every table is read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from auditlog.models import LogEntry
from django.apps import apps
from django.db import router
from django.test import Client

from delivery.people import erasing
from preferences import erasure
from preferences.models import Device, Erasure, PreferenceRow, User
from tests.delivery.conftest import DATABASES
from tests.delivery.test_roles import somebody

pytestmark = [pytest.mark.django_db(transaction=True, databases=DATABASES), pytest.mark.usefixtures("servers")]

ANN = "usr_ann_secret_id"
PERSON = ("ann.old@example.com", "mple.com", "4915112345678", "345678", "platinum", "Anns phone", "a-long-push-token")
PAGE = "/admin/preferences/user/{}/change/"


@pytest.fixture
def admin() -> Client:
    return somebody("admin")


@pytest.fixture
def ann(admin: Client) -> User:
    """Registered, and changed in the admin: an address, a device, a preference."""
    user = User.objects.create(
        user_id=ANN, email="ann.old@example.com", phone="+4915112345678", attributes={"plan": "platinum"}
    )
    Device.objects.create(user=user, token="a-long-push-token", platform="fcm", name="Anns phone")
    PreferenceRow.objects.create(user=user, scope="news", channel="email", enabled=False)
    answer = admin.post(PAGE.format(user.pk), _form(user))
    assert answer.status_code == 302, answer.context["errors"]
    device = Device.objects.get()
    device.name = "Anns phone 2"
    device.save()
    return user


def _form(user: User) -> dict[str, Any]:
    inlines = {"devices": Device, "preference_rows": PreferenceRow, "invalid_addresses": None}
    form: dict[str, Any] = {
        "user_id": ANN, "email": "ann.new@example.com", "phone": user.phone, "time_zone": "UTC", "locale": "de",
        "attributes": '{"plan": "platinum"}',
    }  # fmt: skip
    for name, model in inlines.items():
        row = model.objects.get() if model else None
        form |= {f"{name}-TOTAL_FORMS": int(bool(row)), f"{name}-INITIAL_FORMS": int(bool(row))}
        form |= {f"{name}-0-{field}": value for field, value in vars(row).items()} if row else {}
        form |= {f"{name}-0-user": user.pk} if row else {}
    return form | {"preference_rows-0-enabled": "on"}


def rows() -> Iterator[tuple[str, str]]:
    """Every row of every table of the default database, as text."""
    for model in apps.get_models():
        if router.db_for_read(model) == "default" and model._meta.managed:
            for row in model._base_manager.values():
                yield model._meta.label, repr(row)


def naming(*words: str) -> list[str]:
    return [f"{table}: {row}" for table, row in rows() if any(word in row for word in words)]


def test_no_table_holds_their_addresses_or_attributes_and_only_the_list_their_id(ann: User):
    assert naming(*PERSON)
    assert [row for row in naming(ANN) if row.startswith("auditlog")]

    erasing.erase(ANN, by="tess")

    assert naming(*PERSON) == []
    assert {row.split(":")[0] for row in naming(ANN)} <= {"preferences.User", "preferences.Erasure"}


def test_the_trail_still_says_who_did_what_and_the_digest_finds_it(ann: User):
    before = LogEntry.objects.filter(actor__username="admin").count()
    erasing.erase(ANN, by="tess")
    assert LogEntry.objects.filter(actor__username="admin").count() == before
    about = LogEntry.objects.filter(object_repr=erasure.digest_of(ANN))
    assert {entry.content_type.model for entry in about} == {"user", "device", "preferencerow"}
    assert all(entry.changes == {} for entry in about)


def test_at_the_end_no_table_holds_the_id(ann: User):
    receipt = erasing.erase(ANN, by="tess")
    with time_machine.travel(receipt.gone_by + timedelta(minutes=1), tick=True):
        erasing.carry_on()
    assert Erasure.objects.get().finished_at is not None
    assert naming(ANN, *PERSON) == []
