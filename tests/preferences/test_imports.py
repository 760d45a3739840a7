"""Bringing people in from a file: rows as spreadsheets write them, batches, a kill in the middle, bad rows back."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from typing import Any

import pytest

from foundation import csv_cells
from foundation.errors import InvalidRequest
from preferences.imports import jobs, mapping, results, taking
from preferences.models import ImportBatch, InvalidAddress, PeopleImport, StaticList, StaticListMember, User
from preferences.profiles import profiles

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis")]


def read_in(content: str | bytes, name: str = "people.csv", **more: Any) -> PeopleImport:
    raw = content if isinstance(content, bytes) else content.encode()
    return jobs.read_in(jobs.upload(name, by="tess", **more), io.BytesIO(raw))


def brought_in(content: str | bytes, name: str = "people.csv", **more: Any) -> PeopleImport:
    job = read_in(content, name, **more)
    jobs.start(job, job.mapping)
    jobs.run(job)
    job.refresh_from_db()
    return job


def bad_of(job: PeopleImport) -> list[tuple[int, str]]:
    return [(bad.line, bad.why) for bad in results.bad_rows(job)]


def test_a_file_as_a_spreadsheet_saves_it_comes_in_right():
    content = (
        "\ufeffUser ID;E-Mail;Phone;Language;plan;postcode\r\nann;Ann@Example.com;+49 151 12345678;de_at;pro;01067\r\n"
    )

    job = brought_in(content)

    ann = User.objects.get(user_id="ann")
    assert (ann.email, ann.phone, ann.locale) == ("ann@example.com", "+4915112345678", "de-AT")
    assert ann.attributes == {"plan": "pro", "postcode": "01067"}
    assert (job.state, results.progress(job).added) == ("done", 1)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("id,seats\nann,3\n", "a.csv"),
        ("id\tseats\nann\t3\n", "a.tsv"),
        ("id|seats\nann|3\n", "a.txt"),
        ("id;seats\nann;3\n".encode("utf-16"), "a.csv"),
        ('{"id": "ann", "seats": 3}\n', "a.jsonl"),
        ('[{"id": "ann", "attributes": {"seats": 3}}]', "a.json"),
        ('id,seats\n"ann",3', "a.csv"),
    ],
)
def test_every_usual_form_says_the_same(content, name):
    brought_in(content, name)

    assert User.objects.get(user_id="ann").attributes == {"seats": 3}


def test_the_good_rows_are_in_and_the_bad_ones_come_back_with_why():
    content = (
        b"user_id,email,note\n"
        b"ann,ann@example.com,fine\n"
        b"ben,not an address,x\n"
        b",nobody@example.com,x\n"
        b"cleo,cleo@example.com,caf\xe9\n"
        b"dan,dan@example.com,one,too many\n"
        b"eve,eve@example.com,\n"
    )

    job = brought_in(content)

    assert list(User.objects.order_by("user_id").values_list("user_id", flat=True)) == ["ann", "eve"]
    assert [line for line, _ in bad_of(job)] == [3, 4, 5, 6]
    words = " ".join(why for _, why in bad_of(job))
    for said in ("no email address", "user id isn't valid", "isn't UTF-8", "4 cells"):
        assert said in words


def test_bad_rows_are_mended_and_sent_again_as_they_come_back():
    job = brought_in("user_id,email\nann,nonsense\n")
    returned = b"".join(results.bad_file(job)).decode("utf-8-sig")

    again = brought_in(returned.replace("nonsense", "ann@example.com"))

    assert User.objects.get().email == "ann@example.com"
    assert results.progress(again).refused == 0
    assert User.objects.get().attributes == {}


FORMULAS = ['=HYPERLINK("http://x")', "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3", "\t=1", "＝1+1", "=1"]


@pytest.mark.parametrize("formula", FORMULAS)
def test_what_goes_out_cannot_be_run_and_comes_in_again_as_it_was(formula):
    job = brought_in(_csv([["user_id", "email", "note"], ["ann", formula, "x"]]))

    out = b"".join(results.bad_file(job)).decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(out)) for cell in row]

    assert not [cell for cell in cells if cell.startswith(csv_cells.STARTS)]
    assert csv_cells.plain(csv_cells.safe(formula)) == formula


def test_empty_cells_leave_what_is_there_and_a_new_address_is_no_longer_dead():
    ann = User.objects.create(user_id="ann", email="old@example.com", locale="de", attributes={"plan": "pro", "age": 3})
    InvalidAddress.objects.create(user=ann, channel="email", address="old@example.com")
    assert profiles(["ann"])["ann"].email == "old@example.com"

    job = brought_in("user_id,email,locale,age\nann,new@example.com,,4\nann,,,5\n")

    ann.refresh_from_db()
    assert (ann.email, ann.locale, ann.attributes) == ("new@example.com", "de", {"plan": "pro", "age": 5})
    assert not InvalidAddress.objects.exists()
    assert profiles(["ann"])["ann"].email == "new@example.com"
    assert (results.progress(job).added, results.progress(job).changed) == (0, 1)


def test_an_erased_user_is_not_registered_again():
    from django.utils import timezone

    User.objects.create(user_id="gone", erased_at=timezone.now())

    assert bad_of(brought_in("user_id,email\ngone,g@example.com\n")) == [(2, taking.ERASED)]
    assert User.objects.get().email == ""


def test_killed_in_the_middle_it_goes_on_where_it_stopped(monkeypatch):
    monkeypatch.setattr(jobs, "ROWS_A_BATCH", 10)
    job = read_in(_csv([["user_id"], *([f"u{n:03}"] for n in range(95))]))
    jobs.start(job, job.mapping)
    taken: list[int] = []

    def dies_in_the_fourth(rows: int) -> None:
        taken.append(rows)
        if len(taken) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        jobs.run(job, told=dies_in_the_fourth)
    assert (User.objects.count(), results.progress(job).done) == (30, 30)

    PeopleImport.objects.update(lease_until=None)
    assert jobs.advance(within_s=60) == 7
    job.refresh_from_db()
    assert (User.objects.count(), job.state, results.progress(job).added) == (95, "done", 95)


def test_who_holds_an_import_is_not_joined_by_another():
    job = read_in("user_id\nann\n")
    jobs.start(job, job.mapping)

    assert jobs._lease(job)
    assert jobs.advance(within_s=1) == 0


def test_paused_it_stays_and_resumed_it_goes_on_and_cancelled_it_keeps_what_is_in():
    job = read_in("user_id\nann\n")
    jobs.start(job, job.mapping)
    assert jobs.steer(job, "paused")
    assert jobs.advance(within_s=1) == 0
    assert jobs.steer(job, "running")
    assert jobs.advance(within_s=1) == 1
    assert not jobs.steer(job, "cancelled")
    assert User.objects.count() == 1


def test_a_list_is_filled_and_strangers_come_back():
    early = StaticList.objects.create(name="early")
    ann = User.objects.create(user_id="ann")
    StaticListMember.objects.create(list=early, user=ann)
    User.objects.create(user_id="ben")

    job = brought_in("id,name\nann,x\nben,y\nnobody,z\n", to_list=early)

    assert set(early.members.values_list("user__user_id", flat=True)) == {"ann", "ben"}
    assert (results.progress(job).added, results.progress(job).changed) == (1, 1)
    assert bad_of(job) == [(4, taking.UNKNOWN)]


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        ("", "a.csv", "no columns"),
        ("id,id\nann,ben\n", "a.csv", "Two columns are named"),
        ("[1, 2", "a.json", "no JSON"),
        ("id\nann\n", "a.exe", "neither CSV nor JSON"),
    ],
)
def test_what_is_no_such_file_is_refused_whole(content, name, words):
    with pytest.raises(InvalidRequest, match=words):
        read_in(content, name)
    assert not ImportBatch.objects.exists()


def test_columns_that_cannot_be_meant_are_refused():
    job = read_in("id,mail,other\nann,a@example.com,b@example.com\n")

    with pytest.raises(InvalidRequest, match="No column fills the user id"):
        jobs.start(job, {"mail": "email"})
    with pytest.raises(InvalidRequest, match="Two columns fill email"):
        jobs.start(job, {"id": "user_id", "mail": "email", "other": "email"})
    with pytest.raises(InvalidRequest, match="can't be filled"):
        jobs.start(job, {"id": "user_id", "mail": "erased_at"})


def test_the_columns_are_guessed_by_their_names():
    assert mapping.guessed(["Customer-ID", "Mobile", "time zone", "last seen", "Plan"]) == {
        "Customer-ID": "user_id",
        "Mobile": "phone",
        "time zone": "time_zone",
        "last seen": "last_active",
        "Plan": "attribute:Plan",
    }


def test_a_broken_json_line_is_one_bad_row():
    lines = [json.dumps({"id": "ann"}), "{", "[1]", json.dumps({"id": "ben", "seats": [1]})]
    job = brought_in("\n".join(lines), "a.jsonl")

    assert [line for line, _ in bad_of(job)] == [2, 3]
    assert User.objects.get(user_id="ben").attributes == {"seats": "[1]"}


def _csv(rows: Iterable[Iterable[str]]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue()
