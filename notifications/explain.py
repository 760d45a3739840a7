"""`explain` (contract §2): which channels, why each is on or off, what would be rendered. The router's steps, dry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings

from foundation.clock import to_rfc3339
from foundation.errors import NotFound, TemplateError
from notifications.broadcasts import history
from notifications.credentials import TokenFacts
from notifications.records import Decision, Event
from notifications.sending import SendRequest
from notifications.store import get_store
from notifications.validation import plan, refuse_unfit_data, unknown_type
from preferences.decide import decide
from preferences.facts import Profile, Question, TypeFacts, Verdict
from preferences.profiles import profiles
from templates_app.catalog import get_catalog
from templates_app.content import Content, NoTemplate, RenderRequest
from templates_app.recipient import shown
from templates_app.render import Rendered, render

SEND = "send"


def explain(request: SendRequest, token: TokenFacts, *, now: int) -> dict[str, Any]:
    """What would become of `request` now. Nothing is written or counted. Raises what refuses the request itself."""
    entry = get_catalog().entry(request.type)
    if entry is None:
        raise unknown_type(request.type, get_catalog().near(request.type))
    facts = entry.facts
    its = plan(request, facts, token, now=now)
    refuse_unfit_data(request.data, entry.schema)
    question = Question(
        id="",
        user=request.target.user_id,
        priority=its.priority,
        now=now,
        channels=None if its.channels is None else tuple(its.channels),
        schedule_at=its.schedule_at,
        expires_at=its.expires_at,
    )
    return _decided(question, facts, request.data, 0)


def explain_past(notification_id: str, token: TokenFacts, *, now: int) -> dict[str, Any]:
    """The decisions that were taken, with what they saw, beside what would be decided today.

    Raises NotFound, also for another token's notification.
    """
    stored = [each.decision for each in get_store().details([notification_id]).get(notification_id, [])]
    if not stored and (broadcast := history.decision_of(notification_id)):
        stored = [broadcast[0]]
    if not stored or (stored[0].event.token != token.id and "operate" not in token.scopes):
        raise NotFound(
            "No decision is known for this id.", field="notification_id", remedy="Check the id, or try again shortly."
        )
    first = stored[0]
    return {
        "notification_id": notification_id,
        "decided": [_as_taken(each) for each in stored],
        "today": _today(first, first.event, now),
    }


def _today(first: Decision, event: Event, now: int) -> dict[str, Any] | None:
    facts = get_catalog().facts(event.type)
    recipient = next((each for each in event.recipients if each.id == first.id), event.recipients[0])
    data = event.data if recipient.data is None else {**event.data, **recipient.data}
    question = Question(
        id=first.id,
        user=first.user,
        priority=event.priority,
        now=now,
        channels=None if event.channels is None else tuple(event.channels),
    )
    return _decided(question, facts, data, event.template_version)


def _decided(question: Question, facts: TypeFacts | None, data: dict[str, Any], version: int) -> dict[str, Any]:
    profile = profiles([question.user])[question.user]
    verdicts = decide(question, facts, profile)
    sending = [verdict for verdict in verdicts if verdict.verdict != "drop"]
    rendered = render([_rendering(question, facts, each, data, version, profile) for each in sending]) if facts else []
    contents = dict(zip((each.channel for each in sending), rendered, strict=True)) if facts else {}
    return {
        "at": to_rfc3339(question.now),
        "user_id": question.user,
        "priority": question.priority,
        "estimated_channels": [each.channel for each in sending],
        "channels": [_channel(each, contents.get(each.channel)) for each in verdicts],
        "saw": _saw(profile),
    }


def _rendering(
    question: Question, facts: TypeFacts, verdict: Verdict, data: dict[str, Any], version: int, profile: Profile
) -> RenderRequest:
    return RenderRequest(
        type=facts.name,
        channel=verdict.channel,
        locale=profile.locale,
        data=data,
        template_version=version,
        recipient=shown(question.user, profile.locale, channel=verdict.channel),
    )


def _channel(verdict: Verdict, rendered: Rendered | None) -> dict[str, Any]:
    """One channel's verdict in words; addresses are counted, not told."""
    told: dict[str, Any] = {
        "channel": verdict.channel,
        "verdict": verdict.verdict,
        "reason": verdict.reason,
        "detail": verdict.detail,
        "setting": verdict.setting,
        "addresses": len(verdict.addresses),
        "due_at": None if verdict.due is None else to_rfc3339(verdict.due),
        "limit": _limit(verdict.limit),
        "rendered": None,
    }
    if isinstance(rendered, TemplateError):
        return told | {"template_error": str(rendered)}
    if isinstance(rendered, NoTemplate):
        return told | {"verdict": "drop", "reason": "no_template", "detail": "There is no template for this channel."}
    return told | {"rendered": _content(rendered)} if rendered else told


def _content(content: Content) -> dict[str, Any]:
    return {name: getattr(content, name) for name in content.__struct_fields__}


def _limit(name: str) -> dict[str, Any] | None:
    if not name:
        return None
    count, seconds = settings.PER_USER_LIMITS[name]
    return {"name": name, "count": count, "seconds": seconds}


def _saw(profile: Profile) -> dict[str, Any]:
    return {
        "known": profile.known,
        "locale": profile.locale,
        "time_zone": profile.time_zone,
        "preferences": [[cell.scope, cell.channel, cell.enabled] for cell in profile.preferences],
    }


def _as_taken(decision: Decision) -> dict[str, Any]:
    channels: Sequence[Any] = decision.channels
    return {
        "at": to_rfc3339(decision.at),
        "resumed": decision.event.resumed,
        "channels": [
            {
                "channel": each.channel,
                "verdict": each.verdict,
                "reason": each.reason,
                "detail": each.detail,
                "setting": each.setting,
                "due_at": None if each.due is None else to_rfc3339(each.due),
            }
            for each in channels
        ],
        "saw": decision.saw,
    }
