"""What template authors use of this room: the data of past events, and a test through the ordinary acceptance."""

from __future__ import annotations

import msgspec

from foundation.clock import now_ms
from foundation.errors import Refused
from notifications.accept import accept
from notifications.credentials import TokenFacts
from notifications.lookup import PREFIX, find_event
from notifications.records import Decision, Event
from notifications.sending import ChannelName, SendRequest, Target
from notifications.store import get_store
from templates_app.above import Above, PastEvent, TestSend

MARK = "test:"
"""What the token of a test begins with: on its record, in its timeline. No secret belongs to it."""

LOOKED_THROUGH = 100
SHOWN = 10


def events(asked: str, type_name: str) -> list[PastEvent]:
    """The event of a notification, or a user's newest of this type; [] when there is none.

    Raises StoreUnavailable, LogUnavailable.
    """
    if asked.startswith(PREFIX):
        stored = get_store().details([asked]).get(asked, [])
        event = stored[0].decision.event if stored else find_event(asked)
        return [_past(asked, asked, event)] if event and event.type == type_name else []
    decisions = [each.decision for each in get_store().user_timeline(asked, limit=LOOKED_THROUGH)]
    first: dict[str, Decision] = {}
    for decision in decisions:
        if decision.event.type == type_name:
            first.setdefault(decision.id, decision)
    return [_past(id, id, decision.event) for id, decision in list(first.items())[:SHOWN]]


def _past(id: str, recipient_id: str, event: Event) -> PastEvent:
    own = next((each.data for each in event.recipients if each.id == recipient_id), None)
    return PastEvent(id, event.type, event.accepted_at, {**event.data, **(own or {})})


def send(test: TestSend) -> str:
    """Accepts a test as a service's event is: preferences, limits and suppression count for it. Gives its id.

    Its token is nobody's and only this test's, so it is no duplicate of the one before. Raises Refused.
    """
    now = now_ms()
    token = TokenFacts(
        id=f"{MARK}{test.by}:{now}", kind="service", scopes=frozenset({"notifications:send", "priority:raise"})
    )
    channel = msgspec.convert(test.channel, ChannelName)
    request = SendRequest(type=test.type, target=Target("user", test.user_id), data=test.data, channels=[channel])
    (result,) = accept([request], token, now=now, template_version=test.template_version)
    if isinstance(result, Refused):
        raise result
    return result.notification_id


FOR_AUTHORS = Above(events, send)
