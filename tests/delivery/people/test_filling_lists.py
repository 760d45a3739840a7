"""A marketer fills a static list from a file; registering users takes another right. The trail knows of both."""

from __future__ import annotations

import pytest
from auditlog.models import LogEntry
from auditlog.registry import auditlog
from django.test import Client

from preferences.imports import jobs
from preferences.models import PeopleImport, StaticList, StaticListMember, User
from tests.delivery.conftest import DATABASES
from tests.delivery.test_roles import somebody

pytestmark = [pytest.mark.django_db(transaction=True, databases=DATABASES), pytest.mark.usefixtures("servers")]
IMPORTS = "/admin/preferences/peopleimport/"


@pytest.fixture
def marketer() -> Client:
    return somebody("marketer")


@pytest.fixture
def early() -> StaticList:
    return StaticList.objects.create(name="early birds")


def send(client: Client, **fields: str) -> PeopleImport:
    part = client.post(f"{IMPORTS}begin/", {"name": "people.csv", **fields}).json()["part"]
    sent = client.post(f"{part}?number=0&last", b"user_id,email\nann,new@example.com\nnobody,\n", "text/csv")
    assert sent.status_code == 200, sent.content
    return PeopleImport.objects.get()


def test_who_may_change_a_list_fills_it_and_registers_nobody(marketer: Client, early: StaticList):
    User.objects.create(user_id="ann", email="ann@example.com")
    page = marketer.get(f"{IMPORTS}add/?list={early.pk}").content.decode()
    assert "early birds" in page
    assert "Register users" not in page

    job = send(marketer, list=str(early.pk))
    marketer.post(f"{IMPORTS}{job.pk}/columns/", {"column-0": "user_id", "column-1": "email", "start": "1"})
    jobs.advance(10)

    assert StaticListMember.objects.get().user.user_id == "ann"
    assert User.objects.get().email == "ann@example.com"
    assert b"nobody" in b"".join(marketer.get(f"{IMPORTS}{job.pk}/bad.csv").streaming_content)


def test_who_may_only_change_lists_registers_nobody_and_sees_no_files_of_users(marketer: Client, early: StaticList):
    assert marketer.post(f"{IMPORTS}begin/", {"name": "people.csv"}).status_code == 403
    others = jobs.upload("customers.csv", by="tess")
    assert marketer.get(f"{IMPORTS}{others.pk}/change/").status_code == 403
    assert marketer.get(f"{IMPORTS}{others.pk}/bad.csv").status_code == 403
    assert "customers.csv" not in marketer.get(IMPORTS).content.decode()


def test_a_list_that_is_gone_makes_no_import_of_users(early: StaticList):
    answer = somebody("admin").post(f"{IMPORTS}begin/", {"name": "people.csv", "list": "999"})
    assert answer.status_code == 400
    assert not PeopleImport.objects.exists()


def test_the_trail_tells_of_the_list_and_of_what_was_done_with_the_file(marketer: Client, early: StaticList):
    job = send(marketer, list=str(early.pk))
    marketer.post(f"{IMPORTS}{job.pk}/columns/", {"column-0": "user_id", "start": "1"})
    marketer.post(f"{IMPORTS}{job.pk}/steer/", {"act": "pause"})

    told = LogEntry.objects.filter(content_type__model="peopleimport", actor__username="marketer").order_by("pk")
    states = [entry.changes["state"] for entry in told if "state" in entry.changes]
    assert states == [["None", "uploading"], ["uploading", "mapping"], ["mapping", "running"], ["running", "paused"]]
    assert LogEntry.objects.filter(object_repr="early birds").exists()


@pytest.mark.parametrize("kind", ["broadcast", "sharedhtml", "variable", "staticlist", "erasure", "peopleimport"])
def test_the_trail_keeps_what_staff_set_up_of(kind: str):
    assert kind in {model._meta.model_name for model in auditlog.get_models()}
