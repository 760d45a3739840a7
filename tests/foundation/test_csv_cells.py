"""CSV that a spreadsheet shows as it is."""

from __future__ import annotations

import csv
import io

import pytest

from foundation import csv_cells

FORMULAS = [
    *("=1+1", '=HYPERLINK("http://x")', "-2+3", "+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", "\n=1"),
    *("＝1", "|x", "%0"),
]


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_formula_is_shown_and_not_run_and_read_back_as_it_was(formula: str) -> None:
    assert csv_cells.safe(formula) == f"'{formula}"
    assert csv_cells.plain(csv_cells.safe(formula)) == formula


@pytest.mark.parametrize(
    ("value", "text"),
    [("ann", b"ann"), (7, b"7"), (None, b""), ("a=b", b"a=b"), ("+49151", b"+49151"), ("-5", b"-5"), ("+1.5", b"+1.5")],
)
def test_anything_else_stays_as_it_is(value: object, text: bytes) -> None:
    assert csv_cells.line([value, "x"]) == text + b",x\n"


def test_the_file_is_read_back_with_its_commas_quotes_and_lines() -> None:
    rows = [("a,b", 'he said "no"', "two\nlines"), ("ü", "", "3")]
    raw = b"".join(csv_cells.lines(("one", "two", "three"), rows)).decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(raw, newline=""))) == [["one", "two", "three"], *map(list, rows)]
