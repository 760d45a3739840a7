"""From an HTTP answer to a value, or to the error it stands for. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import msgspec

from notification_platform.errors import BadAnswer, PlatformError, Unreachable, of_problem

MAX_ANSWER_BYTES = 32 * 1024**2
SHOWN_BYTES = 200
_SECONDS = re.compile(r"\d{1,9}")


class Body:
    """An answer's body as it comes: bounded in bytes and, by `deadline` (a monotonic time in s), in time."""

    def __init__(self, deadline: float) -> None:
        self.raw = bytearray()
        self._deadline = deadline

    def feed(self, chunk: bytes, now: float) -> None:
        """Takes the next bytes. Raises BadAnswer when there are too many, Unreachable when they come too slowly."""
        self.raw += chunk
        if len(self.raw) > MAX_ANSWER_BYTES:
            raise BadAnswer(f"The answer is over {MAX_ANSWER_BYTES:,} bytes.", body=bytes(self.raw[:SHOWN_BYTES]))
        if now > self._deadline:
            raise Unreachable("The answer came too slowly.")


def read(status: int, headers: Mapping[str, str], body: bytes, kind: type[Any]) -> Any:
    """The answer as a `kind` (a msgspec type; NoneType: nothing). Raises Refused or BadAnswer."""
    if 200 <= status < 300:
        return None if kind is type(None) else _decoded(status, body, kind)
    raise _refusal(status, headers, body)


def _decoded(status: int, body: bytes, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _not_ours(f"The answer can't be read as {kind.__name__}: {error}.", status, body) from None


def _refusal(status: int, headers: Mapping[str, str], body: bytes) -> PlatformError:
    wait = retry_after_s(headers.get("retry-after"), datetime.now(UTC))
    try:
        problem = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        problem = {}
    if "code" in problem and "detail" in problem:
        return of_problem({**problem, "status": status}, wait)
    if status in (429, 502, 503, 504):  # a proxy before the server says so in its own words
        return of_problem({"status": status, "code": "proxy", "detail": _phrase(status)}, wait)
    return _not_ours(f"{_phrase(status)}, and not in this API's words: is the address right?", status, body)


def retry_after_s(header: str | None, now: datetime) -> float | None:
    """Seconds to wait by a Retry-After header: a number or a date (RFC 9110, section 10.2.3); None without one."""
    if header is None:
        return None
    if _SECONDS.fullmatch(header.strip()):
        return float(header)
    try:
        at = parsedate_to_datetime(header)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - now).total_seconds())


def _phrase(status: int) -> str:
    known = status in HTTPStatus._value2member_map_
    return f"The server answered {status} {HTTPStatus(status).phrase}" if known else f"The server answered {status}"


def _not_ours(detail: str, status: int, body: bytes) -> BadAnswer:
    return BadAnswer(detail, status=status, body=bytes(body[:SHOWN_BYTES]))
