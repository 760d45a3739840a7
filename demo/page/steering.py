"""What the page's switches steer and its outbox shows: the sandbox's providers, or the simulators, where those run.

The simulators are asked by their control endpoint (SIMULATORS_URL). While they are away their part of the page is.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import httpx
from django.conf import settings

from delivery.providers.registry import account_names
from delivery.providers.sandbox import outbox, switches
from delivery.providers.sandbox.behaviour import MODES
from delivery.providers.sandbox.models import OutboxMessage
from foundation.clock import to_rfc3339
from foundation.errors import InvalidRequest, Unavailable
from preferences.models import Device, User

TIMEOUT_S = 2.0
ORDERED = "ordered"
_SANDBOX = (
    ("transient", "fails every time (500)"),
    ("down", "can’t be reached"),
    ("rate_limited", "429 with Retry-After"),
    ("ambiguous", "takes it, never answers"),
    ("slow", "answers after 2 s"),
    ("permanent", "refuses every message"),
    ("invalid", "says addresses are dead"),
    ("misconfigured", "refuses our credentials"),
)
# A simulator's connections are cut where the sandbox's can't be reached.
_SIMULATORS = (*((name, words) for name, words in _SANDBOX if name != "down"), ("down", "cuts every connection"))


def is_simulated() -> bool:
    """Whether simulators take what is sent."""
    return bool(settings.SIMULATORS_URL)


def words() -> tuple[tuple[str, str], ...]:
    """The ways in which a provider can be told to fail, and how they are called."""
    return _SIMULATORS if is_simulated() else _SANDBOX


def modes() -> dict[str, str]:
    """The mode of every provider account. Raises Unavailable."""
    if not is_simulated():
        return switches.modes()
    told = _ask("GET", "/state", params={"latest": 0})["providers"]
    known = {each["name"]: each["mode"] for each in told}
    return {name: known.get(name, "ok") for name in account_names()}


def set_mode(provider: str, mode: str) -> dict[str, str]:
    """Makes `provider` behave as `mode` says, and the modes of all. Raises InvalidRequest, Unavailable."""
    if not is_simulated():
        switches.set_mode(provider, mode)
        return switches.modes()
    if provider not in account_names() or mode not in MODES:
        raise InvalidRequest(f"no such provider or mode: {provider}, {mode}", field="provider")
    _ask("POST", f"/modes/{provider}", json={"mode": mode})
    return modes()


def messages(user: str, limit: int) -> list[dict[str, Any]]:
    """What providers took for `user`, newest first, a row for each send. Raises Unavailable."""
    if not is_simulated():
        return outbox.messages(user=user, limit=limit)
    return _folded(user, _received(user))[:limit]


def mark(user: str) -> list[int]:
    """Another one than before means that `messages` has something new. Raises Unavailable."""
    if not is_simulated():
        newest = OutboxMessage.objects.filter(user=user).order_by("-id").values_list("id", "received").first()
        return list(newest or (0, 0))
    found = _received(user)
    return [found[0]["at_ms"], len(found)] if found else [0, 0]


def _received(user: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if addresses := _addresses(user):
        found = _ask("GET", "/messages", params={"address": addresses})["messages"]
    return [one for one in found if one["answer"] in ("ok", "silence", "rubbish")]


def _addresses(user: str) -> list[str]:
    tokens = Device.objects.filter(user__user_id=user).values_list("token", flat=True)
    own = User.objects.filter(user_id=user).values_list("email", "phone").first() or ()
    return [address for address in (*tokens, *own) if address]


def _folded(user: str, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a send: `received` says how often it came."""
    rows: dict[str, dict[str, Any]] = {}
    for one in found:
        row = rows.setdefault(one["send_id"], {**one, "user_id": user, "image": "", "attempt": 1, "received": 0})
        row["received"] += 1
        row["first_at"] = to_rfc3339(one["at_ms"])
        row.setdefault("at", to_rfc3339(one["at_ms"]))
    return list(rows.values())


def _ask(method: str, path: str, **of_request: Any) -> dict[str, Any]:
    try:
        answer = _client().request(method, settings.SIMULATORS_URL + path, **of_request)
        told: dict[str, Any] = answer.raise_for_status().json()
    except (httpx.HTTPError, ValueError) as error:
        raise Unavailable("The simulators don’t answer.", remedy="They are back in a moment.") from error
    return told


@cache
def _client() -> httpx.Client:
    return httpx.Client(timeout=TIMEOUT_S, trust_env=False)
