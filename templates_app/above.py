"""What the rooms above lend to the editor: past events, and acceptance. They put it here when they are ready.

Imports go one way, so this room can't ask for them; without them the editor goes without.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec


class PastEvent(msgspec.Struct, frozen=True):
    """An event that was accepted once. `at` in ms."""

    id: str
    type: str
    at: int
    data: dict[str, Any]


class TestSend(msgspec.Struct, frozen=True, kw_only=True):
    """A notification that an author sends to themselves, under a version made for it."""

    type: str
    user_id: str
    channel: str
    data: dict[str, Any]
    template_version: int
    by: str


class Above(msgspec.Struct, frozen=True):
    """`events` finds past events by a notification's id or a user's, those of the type only, newest first.

    `send` accepts a test and gives its id; it raises what refuses it (foundation.errors.Refused).
    """

    events: Callable[[str, str], list[PastEvent]]
    send: Callable[[TestSend], str]


class _Shelf:
    lent: Above | None = None


def lend(above: Above) -> None:
    """Called once, when the rooms above are ready."""
    _Shelf.lent = above


def lent() -> Above | None:
    """What is there."""
    return _Shelf.lent
