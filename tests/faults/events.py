"""What the services send while things break: all lanes and channels, keyed or not. Every event carries a serial number
that shows in its inbox entry, so that one event under two ids is found out.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

LANES = {"critical": "critical", "high": "standard", "normal": "standard", "low": "bulk"}
_SERIAL = re.compile(r"zz(\d{9})", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A type as one service sends it: `serial` names the field of `data` that carries the number into the inbox.

    `single`: posted alone, as they happen; the others come in batches.
    """

    name: str
    token: str
    priority: str
    channels: tuple[tuple[str, ...], ...]
    data: Mapping[str, Any]
    serial: str
    single: bool = False

    @property
    def lane(self) -> str:
        return LANES[self.priority]


KINDS = (
    Kind(
        name="order_shipped",
        token="SERVICE_TOKEN",
        priority="high",
        channels=(("in_app", "push"), ("in_app",), ("email",), ("in_app", "push", "email"), ("push",)),
        data={"order_id": "ord_1", "carrier": "FedEx"},
        serial="tracking_number",
    ),
    Kind(
        name="new_follower",
        token="SOCIAL_TOKEN",
        priority="normal",
        channels=(("in_app",), ("in_app", "push")),
        data={"follower_name": "Ben Okafor", "followers": 7},
        serial="follower_id",
    ),
    Kind(
        name="price_drop",
        token="MARKETING_TOKEN",
        priority="low",
        channels=(("in_app",), ("in_app", "push"), ("email",)),
        data={"product_name": "Copper kettle", "old_price": 89.0, "new_price": 64.5, "currency": "EUR"},
        serial="product_id",
    ),
    Kind(
        name="payment_failed",
        token="SERVICE_TOKEN",
        priority="critical",
        channels=(("in_app", "push", "email"), ("in_app", "push")),
        data={"amount": 58.9, "currency": "EUR", "card_last4": "4242", "retry_until": "2026-02-26"},
        serial="order_id",
        single=True,
    ),
    Kind(
        name="login_code",
        token="AUTH_TOKEN",
        priority="critical",
        channels=(("sms", "push", "in_app"),),
        data={},
        serial="code",
        single=True,
    ),
)
BATCHED = tuple(kind for kind in KINDS if not kind.single)
SINGLE = tuple(kind for kind in KINDS if kind.single) + BATCHED[:2]


@dataclass(kw_only=True, slots=True)
class Event:
    """One event and what became of its sending. Times in ms; `id` is empty until it was answered with 202.

    `unknown`: it has no key and its answer was lost, so nobody knows whether it was taken; its sender gives up.
    `refusals`: how its tries were answered, and how long (ms) after it was first posted.
    """

    serial: int
    kind: Kind
    user: str
    channels: tuple[str, ...]
    keyed: bool
    asked_at: int = 0
    accepted_at: int = 0
    id: str = ""
    unknown: bool = False
    refusals: list[tuple[int, str]] = field(default_factory=list)

    def body(self) -> dict[str, Any]:
        """As it is posted."""
        return {
            "type": self.kind.name,
            "target": {"type": "user", "user_id": self.user},
            "data": {**self.kind.data, self.kind.serial: f"zz{self.serial:09d}"},
            "channels": list(self.channels),
        }


class Source:
    """Draws events over a crowd; the same seed draws the same."""

    def __init__(self, users: Sequence[str], *, seed: int, first: int) -> None:
        self._users, self._fate, self._next = users, random.Random(seed), first

    def batch(self, size: int) -> list[Event]:
        """`size` events of one service, all with a key or all without."""
        kind, keyed = self._fate.choice(BATCHED), self._fate.random() < 0.8
        return [self._event(kind, keyed) for _ in range(size)]

    def single(self) -> Event:
        return self._event(self._fate.choice(SINGLE), self._fate.random() < 0.6)

    def _event(self, kind: Kind, keyed: bool) -> Event:
        serial, self._next = self._next, self._next + 1
        user, channels = self._fate.choice(self._users), self._fate.choice(kind.channels)
        return Event(serial=serial, kind=kind, user=user, channels=channels, keyed=keyed)


def serial_in(shown: Mapping[str, Any]) -> int | None:
    """The serial number that an inbox entry shows, None for what isn't ours."""
    found = _SERIAL.search(json.dumps(shown))
    return int(found[1]) if found else None
