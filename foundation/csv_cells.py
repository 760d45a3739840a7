"""Cells of CSV files that people open in a spreadsheet: what it would run as a formula is made text.

A cell that begins with one of STARTS is put behind an apostrophe, as OWASP's “CSV Injection” advises; numbers with a
sign, phone numbers among them, are none and stay as they are. `plain` takes it off again, so that a file that was
written here is read here as it was: what had an apostrophe there already gets one more.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator

# The full-width forms are read as the plain ones by spreadsheets in East Asian settings.
STARTS = "=+-@\t\r\n＝＋－＠|%"
GUARD = "'"
BOM = b"\xef\xbb\xbf"
"""By this spreadsheets know that a file is UTF-8."""
_RUN, _GUARDED = re.compile(f"{GUARD}*[{re.escape(STARTS)}]"), re.compile(f"{GUARD}+[{re.escape(STARTS)}]")
_SIGNED_NUMBER = re.compile(r"[+-][0-9]+([.,][0-9]+)?")


def safe(cell: str) -> str:
    """`cell` so that no spreadsheet runs it."""
    return GUARD + cell if _RUN.match(cell) and not _SIGNED_NUMBER.fullmatch(cell) else cell


def plain(cell: str) -> str:
    """What `safe` was given."""
    return cell.removeprefix(GUARD) if _GUARDED.match(cell) else cell


def line(cells: Iterable[object]) -> bytes:
    """One line of a CSV file in UTF-8, each cell made safe."""
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\n").writerow([safe("" if cell is None else str(cell)) for cell in cells])
    return written.getvalue().encode("utf-8", "replace")


def lines(header: Iterable[object], rows: Iterable[Iterable[object]]) -> Iterator[bytes]:
    """A file for spreadsheets, line by line: the mark, the names of its columns, its rows."""
    yield BOM + line(header)
    for row in rows:
        yield line(row)
