"""The suppression list as a file: good rows are taken, bad ones named, what goes out comes in again."""

from __future__ import annotations

import csv
import io

import pytest

from preferences.models import Suppression
from preferences.suppression import Entry, add, remove

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis")]

CSV = b"""address,channel,reason,note
ANN@example.com,email,bounce,"from the old system, 2024"
bob,email,,
+49 151 12345678,sms,stop,

ann@example.com,email,,twice
x@example.com,fax,,
"""
JSON_LINES = b"""{"address": "ANN@example.com", "channel": "email", "reason": "bounce"}
{"address": "bob", "channel": "email"}
{"address": "+4915112345678", "channel": "sms", "reason": "stop"}
{"address": "ann@example.com", "channel": "email"}
[1, 2]
"""


@pytest.mark.parametrize(
    ("content", "media", "bad"),
    [
        (CSV, "text/csv", [(3, "address"), (7, "channel")]),
        (b"\xef\xbb\xbf" + CSV, "text/csv; charset=utf-8", [(3, "address"), (7, "channel")]),
        (JSON_LINES, "application/x-ndjson", [(2, "address"), (5, "$")]),
    ],
)
def test_a_file_is_taken_but_for_its_bad_rows_which_are_named(content, media, bad, keeper):
    done = keeper.send_file(content, media).json()
    assert (done["added"], done["already"], done["refused"]) == (2, 1, 2)
    assert [(one["line"], one["field"]) for one in done["bad"]] == bad
    assert {(row.address, row.reason) for row in Suppression.objects.all()} == {
        ("ann@example.com", "bounce"),
        ("+4915112345678", "stop"),
    }


@pytest.mark.parametrize(
    ("content", "media"),
    [
        (b"address,channel\n\xff", "text/csv"),
        (b"mail\na@b.example\n", "text/csv"),
        (b"", "text/csv"),
        (b"{}", "text/plain"),
    ],
)
def test_what_is_no_such_file_is_refused_whole(content, media, keeper):
    answer = keeper.send_file(content, media)
    assert answer.status_code == 400
    assert answer.json()["remedy"]


def test_what_goes_out_comes_in_again(keeper):
    add([Entry(f"u{n}@example.com", "email", "bounce", 'a "quoted", note') for n in range(2_500)], by="ses")
    before = set(Suppression.objects.values_list("address", "channel", "reason", "note"))
    for form, media in (("csv", "text/csv"), ("jsonl", "application/x-ndjson")):
        content = keeper.export(form)
        assert len(remove([(row[0], row[1]) for row in before], by="root", note="a test")) == 2_500
        done = keeper.send_file(content, media).json()
        assert (done["added"], done["refused"]) == (2_500, 0)
        assert set(Suppression.objects.values_list("address", "channel", "reason", "note")) == before


@pytest.mark.parametrize(("form", "media"), [("csv", "text/csv"), ("jsonl", "application/x-ndjson")])
def test_a_note_may_hold_what_breaks_lines_elsewhere(form, media, keeper):
    add([Entry("ann@example.com", "email", "manual", "one\u2028two\x85three\nfour")], by="root")
    content = keeper.export(form)
    remove([("ann@example.com", "email")], by="root", note="a test")
    assert keeper.send_file(content, media).json()["added"] == 1
    assert Suppression.objects.get().note == "one\u2028two\x85three\nfour"


def test_what_a_spreadsheet_would_take_for_a_formula_is_marked_and_comes_in_as_it_was(keeper):
    notes = ["=HYPERLINK(A1)", "+1+1", "-2+3", "@SUM(1)", "'=x", "'tis fine", "plain"]
    add([Entry(f"u{n}@example.com", "email", "manual", note) for n, note in enumerate(notes)], by="root")
    add([Entry("=1+1@example.com", "email", "manual"), Entry("+4915112345678", "sms", "stop")], by="root")
    before = set(Suppression.objects.values_list("address", "channel", "note"))
    content = keeper.export("csv")
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    assert [row["note"] for row in rows[:7]] == [
        "'=HYPERLINK(A1)",
        "'+1+1",
        "'-2+3",
        "'@SUM(1)",
        "''=x",
        "'tis fine",
        "plain",
    ]
    assert [row["address"] for row in rows[7:]] == ["'=1+1@example.com", "+4915112345678"]
    remove([(address, channel) for address, channel, _ in before], by="root", note="a test")
    assert keeper.send_file(content, "text/csv").json()["added"] == len(before)
    assert set(Suppression.objects.values_list("address", "channel", "note")) == before


def test_a_file_that_stops_being_csv_is_taken_up_to_there(keeper):
    rows = [f"u{n}@example.com,email,,".encode() for n in range(2_001)]
    broken = b"\n".join([b"address,channel,reason,note", *rows, b"x@example.com,email,," + b"y" * 200_000, *rows])
    answer = keeper.send_file(broken, "text/csv")
    assert answer.status_code == 200
    assert (answer.json()["added"], [one["line"] for one in answer.json()["bad"]]) == (2_001, [2_003])
    assert keeper.send_file(b"z" * 200_000, "text/csv").status_code == 400
