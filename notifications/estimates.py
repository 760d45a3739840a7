"""`estimated_channels` (contract §2): the request's channels or the type's, narrowed by what the cache knows."""

from __future__ import annotations

from collections.abc import Sequence

from notifications.sending import SendRequest
from notifications.validation import Plan
from preferences.decide import DROP, decide
from preferences.facts import Profile, Question
from preferences.profiles import narrow


def estimate(items: Sequence[tuple[SendRequest, Plan]], *, now: int) -> list[list[str]]:
    """The channels each item is likely to go to. One look into Redis, never a query; unknown users aren't narrowed."""
    known = narrow(request.target.user_id for request, _ in items)
    return [_channels(request, plan, known.get(request.target.user_id), now) for request, plan in items]


def _channels(request: SendRequest, plan: Plan, profile: Profile | None, now: int) -> list[str]:
    wanted = plan.channels
    if profile is None:
        own = plan.facts.channels
        return list(own) if wanted is None else [channel for channel in wanted if channel in own]
    question = Question(
        id="",
        user=request.target.user_id,
        priority=plan.priority,
        now=now,
        channels=None if wanted is None else tuple(wanted),
    )
    return [verdict.channel for verdict in decide(question, plan.facts, profile) if verdict.verdict != DROP]
