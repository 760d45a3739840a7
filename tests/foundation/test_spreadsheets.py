"""CSV that a spreadsheet shows as it is."""

from __future__ import annotations

import csv
import io

import pytest

from foundation import spreadsheets


@pytest.mark.parametrize("formula", ["=1+1", "+49", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"])
def test_a_formula_is_shown_and_not_run(formula: str) -> None:
    assert spreadsheets.cell(formula) == f"'{formula}"


@pytest.mark.parametrize(("value", "text"), [("ann", "ann"), (7, "7"), (None, ""), ("a=b", "a=b")])
def test_anything_else_stays_as_it_is(value: object, text: str) -> None:
    assert spreadsheets.cell(value) == text


def test_the_file_is_read_back_with_its_commas_quotes_and_lines() -> None:
    rows = [("a,b", 'he said "no"', "two\nlines"), ("ü", "", "3")]
    raw = b"".join(spreadsheets.lines(("one", "two", "three"), rows)).decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(raw, newline=""))) == [["one", "two", "three"], *map(list, rows)]
