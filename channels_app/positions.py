"""Where a reader of an inbox stands, as text: cursors of pages, and `since` of long-polls."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from django.core import signing

from foundation.clock import from_rfc3339
from foundation.errors import InvalidRequest
from notifications.store.port import Position

_SALT = "channels_app.cursor"
_JOIN = "~"
# What fits a database's integer, with room to reckon.
MAX_MS = 1 << 53


def cursor_of(user: str, position: Position | None) -> str | None:
    """An opaque, signed cursor for this user's inbox; None for None."""
    return signing.dumps([user, position.at, position.id], salt=_SALT) if position else None


def position_of(user: str, cursor: str | None) -> Position | None:
    """The position in a cursor. Raises InvalidRequest when it is forged, broken or another inbox's."""
    if cursor is None:
        return None
    try:
        owner, at, id = signing.loads(cursor, salt=_SALT)
    except (signing.BadSignature, ValueError, TypeError):
        owner = None
    if owner != user:
        raise InvalidRequest(
            "This cursor is not one of this inbox.",
            field="cursor",
            remedy="Pass the cursor of the page before as it came; leave it out for the first page.",
        )
    return Position(at, id)


class Since(NamedTuple):
    """Everything from `ms` on but for `given`, which this reader has."""

    ms: int
    given: frozenset[str] = frozenset()


def since_of(text: str) -> Since:
    """Reads milliseconds, an RFC 3339 time, or the `since` of an answer before. Raises InvalidRequest."""
    moment, *given = text.split(_JOIN)
    try:
        ms = int(moment) if moment.isascii() and moment.isdigit() else from_rfc3339(moment)
    except (ValueError, OverflowError) as error:
        raise InvalidRequest(
            f"`since` can't be read: {error}.",
            field="since",
            remedy="Send milliseconds, RFC 3339 such as 2026-02-23T14:30:00Z, or the `since` of the answer before.",
        ) from None
    return Since(min(ms, MAX_MS), frozenset(given))


def since_text(ms: int, given: Iterable[str]) -> str:
    """What the reader sends next."""
    return _JOIN.join([str(ms), *sorted(given)])
