"""A user's timeline for the admin: pages of notifications with what became of each on every channel."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from foundation.errors import NotFound
from notifications import explain, timeline
from notifications.broadcasts import finding
from notifications.credentials import TokenFacts
from notifications.records import Decision
from notifications.status import STATUSES, ledger_bucket
from notifications.store import get_store
from notifications.store.port import Details
from preferences.channels import CHANNELS, LABELS

PAGE = 25
SAME_MOMENT = 50
"""Of one moment (a batch's entries share theirs) up to so many more are put on a page, so that no page cuts it."""

STAFF = TokenFacts(id="", kind="admin", scopes=frozenset({"operate"}))
CHANGED = {"send": "would be sent", "drop": "would not be sent", "defer": "would wait"}
TAKEN = {"send": "decided to send", "drop": "decided not to send", "defer": "decided to wait"}


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A notification on the timeline. `channels`: rows of {channel, status, words, colour}."""

    id: str
    at: datetime
    type: str
    priority: str
    broadcast: str
    channels: list[dict[str, str]]


class Page(msgspec.Struct, frozen=True):
    """Entries newest first; `before` (ms) is where the next page goes on, None on the last."""

    entries: list[Entry]
    before: int | None


def page(user_id: str, *, before: int | None = None) -> Page:
    """One page of a user's timeline: three reads, however long it is. Raises StoreUnavailable."""
    store = get_store()
    found = store.user_timeline(user_id, limit=PAGE + SAME_MOMENT, before=before)
    shown = _whole_moments(found)
    ids = list(dict.fromkeys(each.decision.id for each in shown))
    decided, cells = store.details(ids), store.timelines(ids)
    entries = [_entry([each.decision for each in decided[id]], cells.get(id, ())) for id in ids if decided.get(id)]
    more = len(shown) < len(found) or len(found) == PAGE + SAME_MOMENT
    return Page(entries, shown[-1].decision.event.now if shown and more else None)


def why(user_id: str, notification_id: str, *, now: int) -> dict[str, Any]:
    """Why a notification arrived or not: per channel what became of it, what was decided, and what would be today.

    Raises NotFound for another user's, StoreUnavailable.
    """
    store = get_store()
    decisions = [each.decision for each in store.details([notification_id]).get(notification_id, [])]
    if not decisions or decisions[0].user != user_id:
        raise NotFound(
            "No decision is known under this id for this user.",
            remedy="Check the id. What was accepted a moment ago is decided within seconds.",
        )
    told = timeline.told(decisions, store.timelines([notification_id]).get(notification_id, []))
    explained = explain.explain_past(notification_id, STAFF, now=now)
    today = {each["channel"]: each for each in (explained["today"] or {}).get("channels", ())}
    taken = {each["channel"]: each for decision in explained["decided"] for each in decision["channels"]}
    return {
        "told": told,
        "rows": [_beside(channel, told, taken.get(channel), today.get(channel)) for channel in _order(taken, today)],
        "decided": explained["decided"],
        "today_at": (explained["today"] or {}).get("at"),
    }


def _beside(channel: str, told: dict[str, Any], taken: dict[str, Any] | None, today: dict[str, Any] | None) -> Any:
    """Then and now of one channel; `changed` where another decision would be taken today."""
    became = told["channels"].get(channel)
    return {
        "channel": LABELS[channel],
        "became": None if became is None else {**became, "colour": colour(became["status"])},
        "then": taken and {**taken, "words": TAKEN[taken["verdict"]]},
        "today": today and {**today, "words": CHANGED[today["verdict"]]},
        "changed": bool(taken and today and _decision(taken) != _decision(today)),
    }


def _decision(told: dict[str, Any]) -> tuple[str, str]:
    """What counts as another decision: that it is sent for another reason doesn't."""
    return told["verdict"], "" if told["verdict"] == "send" else told["reason"]


def colour(status: str) -> str:
    """A status' colour word: good, waiting, bad or off."""
    if status in ("bounced", "complained", "undelivered"):
        return "bad"
    return {"delivered": "good", "in_flight": "waiting", "parked": "bad", "dropped": "off"}[ledger_bucket(status)]


def broadcasts_of(key: int) -> list[dict[str, Any]]:
    """The newest broadcasts that a user (by numeric key) was in: {row, id, channels: rows as of an entry}."""
    return [
        {"row": row, "id": found.notification_id, "channels": [_cell(*line) for line in found.channels]}
        for row, found in finding.lately_of(key)
    ]


def _cell(channel: str, word: str, said: str) -> dict[str, str]:
    """`word` is a status, or what only a ledger knows: not yet, available."""
    return {"channel": channel, "status": word, "words": said, "colour": colour(word) if word in STATUSES else "off"}


def _whole_moments(found: Sequence[Details]) -> Sequence[Details]:
    """The first PAGE of them, and what shares its moment with the last."""
    end = PAGE
    while end < len(found) and found[end].decision.event.now == found[end - 1].decision.event.now:
        end += 1
    return found[:end]


def _entry(decisions: Sequence[Decision], cells: Any) -> Entry:
    first = decisions[0]
    statuses = timeline.channel_statuses(decisions, cells)
    return Entry(
        id=first.id,
        at=datetime.fromtimestamp(first.event.now / 1_000, UTC),
        type=first.event.type,
        priority=first.event.priority,
        broadcast=first.event.broadcast or "",
        channels=[
            {
                "channel": LABELS[channel],
                "status": statuses[channel]["status"].replace("_", " "),
                "reason": statuses[channel].get("reason", "").replace("_", " "),
                "words": statuses[channel].get("detail") or statuses[channel]["meaning"],
                "colour": colour(statuses[channel]["status"]),
            }
            for channel in _order(statuses)
        ],
    )


def _order(*known: Any) -> list[str]:
    return [channel for channel in CHANNELS if any(channel in each for each in known)]
