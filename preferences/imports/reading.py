"""Rows out of a file's bytes, in bounded memory: CSV as spreadsheets write it, or JSON objects.

CSV: UTF-8 with or without a byte order mark, or UTF-16 with one; comma, semicolon, tab or bar, whichever the header
has most of. A row that isn't UTF-8 is a bad row, not the end of the file.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import chain, islice
from typing import IO, Any, NamedTuple

import msgspec

from foundation import csv_cells
from foundation.errors import InvalidRequest

SEPARATORS = ",;\t|"
HEADER_BYTES = 64 * 1024
KEYS_FROM_ROWS = 1_000
COLUMNS_MAX = 200
ARRAY_MAX_BYTES = 32 * 1024**2
JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
CSV_SUFFIXES = (".csv", ".tsv", ".txt")

Cell = str | int | float | bool | None


class Row(NamedTuple):
    """A row: its line (1-based, the header counts), its cells in the header's order, and why it can't be read."""

    line: int
    cells: list[Cell]
    problem: str = ""


class Rows(NamedTuple):
    """A file: the names of its columns, and its rows."""

    header: list[str]
    rows: Iterator[Row]


class _Borrowed(io.RawIOBase):
    """A file that stays its owner's to close."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        found = self._file.read(len(buffer)) or b""
        buffer[: len(found)] = found
        return len(found)


def open_rows(file: IO[bytes], name: str) -> Rows:
    """The rows of `file`, by what its name ends in. Raises InvalidRequest for what isn't such a file from its start."""
    suffix = name[name.rfind(".") :].lower() if "." in name else ""
    if suffix in JSON_SUFFIXES:
        return _json(file)
    if suffix in CSV_SUFFIXES:
        return _csv(file)
    raise InvalidRequest(
        f"“{name}” is neither CSV nor JSON by its name.",
        field="file",
        remedy=f"Its name ends in {', '.join((*CSV_SUFFIXES, *JSON_SUFFIXES))}.",
    )


def _text(file: IO[bytes]) -> tuple[io.TextIOWrapper, str]:
    buffered = io.BufferedReader(_Borrowed(file), HEADER_BYTES)
    head = buffered.peek(HEADER_BYTES)[:HEADER_BYTES]
    encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return io.TextIOWrapper(buffered, encoding, errors="surrogateescape", newline=""), head.decode(encoding, "replace")


def _csv(file: IO[bytes]) -> Rows:
    text, head = _text(file)
    first = head.split("\n", 1)[0]
    separator = max(SEPARATORS, key=first.count)
    reader = csv.reader(text, delimiter=separator)
    try:
        header = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise InvalidRequest(f"The header is no CSV: {error}.", field="file", remedy="Quote it as CSV.") from error
    return Rows(_checked_header(header), _csv_rows(reader, len(header)))


def _csv_rows(reader: Any, columns: int) -> Iterator[Row]:
    while True:
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Row(reader.line_num, [], f"This is no CSV: {error}.")
            continue
        if values:
            yield _csv_row(reader.line_num, values, columns)


def _csv_row(line: int, values: list[str], columns: int) -> Row:
    cells: list[Cell] = [csv_cells.plain(value.strip()) for value in values]
    if any("\udc80" <= char <= "\udcff" for value in values if not value.isascii() for char in value):
        shown: list[Cell] = [value.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for value in values]
        return Row(line, shown, "It isn't UTF-8. Save the file as UTF-8.")
    if len(values) > columns:
        return Row(line, cells, f"It has {len(values)} cells, the header {columns}. Quote what holds a separator.")
    return Row(line, cells + [""] * (columns - len(values)))


def _json(file: IO[bytes]) -> Rows:
    text, head = _text(file)
    objects = _array(text) if head.lstrip().startswith("[") else _lines(text)
    first = list(islice(objects, KEYS_FROM_ROWS))
    header = _checked_header(list(dict.fromkeys(name for _, found, _ in first for name in found)))
    return Rows(header, (_json_row(header, *each) for each in chain(first, objects)))


Parsed = tuple[int, dict[str, Cell], str]


def _lines(text: Any) -> Iterator[Parsed]:
    """Only a line feed ends a line: what else breaks lines may stand inside a JSON string."""
    for number, line in enumerate(text, 1):
        if line.strip():
            yield _parsed(number, line)


def _array(text: Any) -> Iterator[Parsed]:
    whole = text.read(ARRAY_MAX_BYTES + 1)
    if len(whole) > ARRAY_MAX_BYTES:
        raise InvalidRequest(
            "A JSON array this large isn't read.", field="file", remedy="Write JSON lines: one object on each line."
        )
    try:
        elements = msgspec.json.decode(whole.encode("utf-8", "replace"), type=list[msgspec.Raw])
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidRequest(f"This is no JSON: {error}.", field="file") from error
    return (_parsed(number, bytes(raw).decode()) for number, raw in enumerate(elements, 1))


def _parsed(number: int, line: str) -> Parsed:
    try:
        found = msgspec.json.decode(line.encode("utf-8", "replace"), type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as error:
        return number, {}, f"This is no JSON object: {error}."
    flat: dict[str, Cell] = {}
    for name, value in found.items():
        inner = value.items() if isinstance(value, dict) else ((None, value),)
        flat |= {name if key is None else f"{name}.{key}": _cell(each) for key, each in inner}
    return number, flat, ""


def _cell(value: Any) -> Cell:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return msgspec.json.encode(value).decode()


def _json_row(header: list[str], number: int, found: dict[str, Cell], problem: str) -> Row:
    cells = [found.get(name) for name in header]
    unknown = set(found) - set(header)
    if unknown and not problem:
        problem = f"It has a key that the first {KEYS_FROM_ROWS:,} objects don't have: {min(unknown)}."
    return Row(number, cells, problem)


def _checked_header(header: list[str]) -> list[str]:
    twice = {name for name in header if header.count(name) > 1}
    if not any(header) or twice or len(header) > COLUMNS_MAX:
        what = f"Two columns are named “{min(twice)}”." if twice else "There are no columns, or too many."
        raise InvalidRequest(what, field="file", remedy="The first line names the columns, each once.")
    return [name or f"column {number}" for number, name in enumerate(header, 1)]
