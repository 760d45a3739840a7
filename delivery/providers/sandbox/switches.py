"""The switch "this provider is failing": one mode a provider account, in Redis, felt within `FELT_WITHIN_S`."""

from __future__ import annotations

import time
from typing import Any

from delivery.providers.registry import REGISTRY
from delivery.providers.sandbox.behaviour import MODES, OK
from foundation.errors import InvalidRequest
from foundation.redis import Unreachable, get_redis, key

FELT_WITHIN_S = 0.2
_seen: tuple[float, dict[str, str]] = (0.0, {})


def set_mode(provider: str, mode: str) -> None:
    """Makes `provider` behave as `mode` says; "ok" ends it. Raises InvalidRequest for a name that isn't known."""
    if provider not in REGISTRY:
        raise InvalidRequest(f"no such provider: {provider}", field="provider", remedy=f"One of {', '.join(REGISTRY)}.")
    if mode not in MODES:
        raise InvalidRequest(f"no such mode: {mode}", field="mode", remedy=f"One of {', '.join(MODES)}.")
    if mode == OK:
        get_redis().hdel(_name(), provider)
    else:
        get_redis().hset(_name(), provider, mode)
    forget()


def modes() -> dict[str, str]:
    """The mode of every provider."""
    try:
        kept: Any = get_redis().hgetall(_name())
        given = {name.decode(): mode.decode() for name, mode in kept.items()}
    except Unreachable:
        given = {}
    return {provider: given.get(provider, OK) for provider in REGISTRY}


def mode_of(provider: str) -> str:
    """The mode of `provider`, looked up at most every `FELT_WITHIN_S`."""
    global _seen
    until, known = _seen
    if time.monotonic() >= until:
        known = modes()
        _seen = (time.monotonic() + FELT_WITHIN_S, known)
    return known[provider]


def forget() -> None:
    """Looks anew at the next question."""
    global _seen
    _seen = (0.0, {})


def _name() -> str:
    return key("sandbox", "switches")
