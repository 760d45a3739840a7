"""A push that was opened, as the user's own app tells: a receipt of the push, beside what it does to the inbox.

APNs and FCM tell nobody of it. The app says `?via=push`, and may name the send: APNs hands it over as `apns-id`.
"""

from __future__ import annotations

from foundation.clock import now_ms
from foundation.errors import NotFound
from notifications import reports
from notifications.records import Receipt
from notifications.status import OPENED
from notifications.store import get_store

CHANNEL = "push"


def opened(user: str, id: str, *, send: str = "") -> None:
    """Durable when it returns. `send`: of which device; "": nobody knows, which counts for the delivery as a whole.

    Raises NotFound when no such push was decided for this user, StoreUnavailable, LogUnavailable.
    """
    sends = _sends(user, id)
    if not sends or (send and send not in sends):
        raise NotFound("There is no such push to this user.", field="id", remedy="Check the id, and the send if given.")
    reports.produce([Receipt(id=id, user=user, channel=CHANNEL, status=OPENED, send=send, at=now_ms())])


def _sends(user: str, id: str) -> set[str]:
    decisions = [details.decision for details in get_store().details([id]).get(id, [])]
    return {
        send
        for decision in decisions
        if decision.user == user
        for verdict in decision.channels
        if verdict.channel == CHANNEL
        for send in verdict.sends
    }
