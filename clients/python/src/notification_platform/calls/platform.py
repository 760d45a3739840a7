"""The platform itself: whose token this is, the types, dead letters."""

from __future__ import annotations

from notification_platform.platform import (
    DeadLetter,
    DeadLetterGroup,
    DeadLetterGroups,
    DeadLetters,
    NotificationType,
    Types,
    WhoAmI,
)
from notification_platform.steps import Call, Flow, Given, Stream, one


def whoami() -> Flow[WhoAmI]:
    """The token that asks: its scopes, types and rate."""
    return one(Call(name="whoami", method="GET", path="whoami", answer=WhoAmI))


def types() -> Flow[list[NotificationType]]:
    """All notification types, and which of them this token may send."""
    found: Types = yield Call(name="types", method="GET", path="types", answer=Types)
    return found.types


def dead_letters(
    *, type: str = "", channel: str = "", error: str = "", reason: str = "", state: str = "parked"
) -> Stream[DeadLetter]:
    """Deliveries that were parked, newest first, page by page. Needs the scope `operate`."""
    query = _given(type=type, channel=channel, error=error, reason=reason, state=state) | {"limit": "100"}
    while True:
        found: DeadLetters = yield Call(
            name="dead_letters", method="GET", path="dead_letters", query=query, answer=DeadLetters
        )
        for letter in found.dead_letters:
            yield Given(letter)
        if found.cursor is None:
            return
        query = query | {"cursor": found.cursor}


def dead_letter_groups(
    by: str, *, type: str = "", channel: str = "", error: str = "", reason: str = "", state: str = "parked"
) -> Flow[list[DeadLetterGroup]]:
    """How many dead letters share an error, reason, type, channel, provider, priority or state; the most first."""
    query = _given(type=type, channel=channel, error=error, reason=reason, state=state) | {"by": by}
    path = "dead_letters/groups"
    found: DeadLetterGroups = yield Call(
        name="dead_letter_groups", method="GET", path=path, query=query, answer=DeadLetterGroups
    )
    return found.groups


def _given(**parts: str) -> dict[str, str]:
    return {name: value for name, value in parts.items() if value}
