"""The suppression list as a file: CSV with a header, or JSON lines. Bad rows are named, good ones taken.

address,channel,reason,note
ann@example.com,email,bounce,from the old system
{"address": "+4915112345678", "channel": "sms", "reason": "stop"}

What a spreadsheet would run as a formula is guarded in what is exported, and read as it was (foundation/csv_cells.py).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec

from foundation import csv_cells
from foundation.errors import InvalidRequest, Refused
from foundation.streaming import streamed
from preferences import suppression
from preferences.models import Suppression
from preferences.suppression import Entry

CSV, JSON_LINES = "csv", "jsonl"
FORMATS = {CSV: "text/csv; charset=utf-8", JSON_LINES: "application/x-ndjson"}
COLUMNS = ("address", "channel", "reason", "note", "created_at")
REQUIRED, OPTIONAL = ("address", "channel"), ("reason", "note", "created_at")
BAD_SHOWN = 100
ROWS_AT_ONCE = 2_000
LINES_A_PIECE = 500


class BadRow(msgspec.Struct, frozen=True):
    """A row that wasn't taken: its line (1-based, the header counts), and why."""

    line: int
    field: str
    detail: str
    remedy: str


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file. `bad` names the first BAD_SHOWN of `refused` rows."""

    added: int
    already: int
    refused: int
    bad: list[BadRow]


Row = Entry | BadRow


def load(raw: bytes, form: str, *, by: str) -> Imported:
    """Puts the good rows of a file on the list.

    Raises InvalidRequest for what doesn't begin as such a file: then nothing was taken. Where one stops being CSV, the
    rest is one bad row. Raises ControlPlaneUnavailable: some may be taken; the same file can be sent again.
    """
    rows = _csv_rows(_text(raw)) if form == CSV else _json_rows(_text(raw))
    good: list[Entry] = []
    bad: list[BadRow] = []
    added = taken = refused = 0
    for row in rows:
        if isinstance(row, BadRow):
            refused += 1
            bad += [row] if len(bad) < BAD_SHOWN else []
            continue
        good.append(row)
        if len(good) == ROWS_AT_ONCE:
            added, taken, good = added + suppression.add(good, by=by), taken + len(good), []
    added, taken = added + suppression.add(good, by=by), taken + len(good)
    return Imported(added=added, already=taken - added, refused=refused, bad=bad)


def export(form: str) -> Iterator[bytes]:
    """The whole list, oldest first, in bounded memory. Raises ControlPlaneUnavailable in the middle of it."""
    lines = _lines(form)
    while piece := b"".join(islice(lines, LINES_A_PIECE)):
        yield piece


def _lines(form: str) -> Iterator[bytes]:
    rows = streamed(Suppression.objects.all(), *COLUMNS)
    if form == CSV:
        yield csv_cells.line(COLUMNS)
        for row in rows:
            yield csv_cells.line([*row[:4], row[4].isoformat()])
    else:
        for row in rows:
            yield msgspec.json.encode(dict(zip(COLUMNS, row, strict=True))) + b"\n"


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidRequest(
            f"The file is not UTF-8 (byte {error.start}).", field="$", remedy="Save it as UTF-8."
        ) from error


def _csv_rows(text: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""))
    header = _header(reader)
    unknown = [name for name in header if name not in (*REQUIRED, *OPTIONAL)]
    if unknown or not set(REQUIRED) <= set(header):
        raise InvalidRequest(
            f"There is no column {unknown[0]}." if unknown else "The header lacks address or channel.",
            field="$",
            remedy=f"Begin with {','.join(COLUMNS[:4])}.",
        )
    try:
        for values in reader:
            if values:
                yield _row(reader.line_num, dict(zip(header, values, strict=False)))
    except csv.Error as error:
        yield BadRow(reader.line_num, "$", f"It stops being CSV here: {error}.", "Quote it, and send the rest again.")


def _header(reader: Any) -> list[str]:
    try:
        return [name.strip().lower() for name in next(reader, [])]
    except csv.Error as error:
        raise InvalidRequest(f"The header is no CSV: {error}.", field="$", remedy="Quote it as CSV.") from error


def _json_rows(text: str) -> Iterator[Row]:
    """Only a line feed ends a line: what else breaks lines may stand inside a JSON string."""
    for line, each in enumerate(io.StringIO(text, newline="\n"), 1):
        if each.strip():
            yield _json_row(line, each)


def _json_row(line: int, text: str) -> Row:
    try:
        return _row(line, msgspec.json.decode(text, type=dict[str, Any]))
    except (msgspec.DecodeError, RecursionError) as error:
        return BadRow(line, "$", f"This is no JSON object: {error}.", "Put one object on each line.")


def _row(line: int, values: dict[str, Any]) -> Row:
    given = {name: csv_cells.plain(str(values.get(name) or "").strip()) for name in COLUMNS[:4]}
    try:
        return suppression.checked(
            Entry(given["address"], given["channel"], given["reason"] or Suppression.Reason.MANUAL, given["note"])
        )
    except Refused as error:
        return BadRow(line, error.field or "$", error.detail, error.remedy or "")
