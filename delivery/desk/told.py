"""What became of a notification, for a member of staff: what GET /notifications/{id} tells, addresses masked."""

from __future__ import annotations

from typing import Any

from foundation.errors import Unreachable
from notifications import timeline
from notifications.lookup import find_event
from notifications.store import get_store
from preferences.masking import may_see, shown_to

CHANNEL_COLOURS = {
    "sent": "success",
    "delivered": "success",
    "opened": "success",
    "clicked": "success",
    "read": "success",
    "pending": "info",
    "deferred": "info",
    "attempting": "info",
    "accepted": "info",
    "dropped": "warning",
    "cancelled": "warning",
    "in_doubt": "warning",
}


def story_of(id: str, user: Any) -> dict[str, Any] | None:
    """Status per channel, timeline and event; None where nobody knows the id. `away`: why it can't be told now.

    The event's data is shown to whoever may see addresses: nobody knows what a service put into it.
    """
    try:
        found = _told(id)
    except Unreachable as error:
        return {"notification_id": id, "away": str(error)}
    if found is None:
        return None
    event = found.pop("event", {})
    story: dict[str, Any] = shown_to(user, found)
    story["data"] = event.get("data") if may_see(user) else {name: "…" for name in event.get("data") or {}}
    for entry in (*story["channels"].values(), *story["timeline"]):
        entry["colour"] = CHANNEL_COLOURS.get(entry["status"], "danger")
    return story


def _told(id: str) -> dict[str, Any] | None:
    store = get_store()
    decisions = [details.decision for details in store.details([id]).get(id, [])]
    if decisions:
        return timeline.told(decisions, store.timelines([id]).get(id, []))
    event = find_event(id)
    return None if event is None else timeline.accepted(event, id)
