"""The mix of the bench: 1.5 channels an event; 70 % in-app, 40 % push, 15 % email, 2 % SMS, rescaled to that sum.

70 + 40 + 15 + 2 = 127 %; times 150/127: in-app 82.7 %, push 47.2 %, email 17.7 %, SMS 2.4 %. Half of the events go to
one channel, half to two; the shares of each combination follow from that.
"""

from __future__ import annotations

import random
from typing import Any

TYPE = "bench_update"
CRITICAL_TYPE = "bench_code"
USERS = 100_000
OPTED_IN = 5_000
CONNECTED_SHARE = 0.1
SHARES: dict[tuple[str, ...], float] = {
    ("in_app", "push"): 0.400,
    ("in_app", "email"): 0.100,
    ("in_app",): 0.327,
    ("push",): 0.072,
    ("email",): 0.077,
    ("sms",): 0.024,
}


def user_id(number: int) -> str:
    return f"bench_{number}"


class EventMix:
    """Endless events by the mix; SMS goes to the first `opted_in` users, who have opted in.

    With `connected`, one event in ten goes to one of the first so many users, whose sockets are open.
    """

    def __init__(self, *, users: int, opted_in: int, seed: int, connected: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311  a load, no secret
        self._users = users
        self._connected = connected
        self._opted_in = min(opted_in, self._users)

    def take_critical(self, count: int) -> list[dict[str, Any]]:
        """Codes for a push each, on the critical lane."""
        return [{**self._event(("push",)), "type": CRITICAL_TYPE} for _ in range(count)]

    def take(self, count: int) -> list[dict[str, Any]]:
        combinations = self._random.choices(list(SHARES), weights=list(SHARES.values()), k=count)
        return [self._event(channels) for channels in combinations]

    def _event(self, channels: tuple[str, ...]) -> dict[str, Any]:
        number = self._random.randrange(self._opted_in if "sms" in channels else self._users)
        if self._connected and self._random.random() < CONNECTED_SHARE:
            number = self._random.randrange(self._connected)
        return {
            "type": TYPE,
            "target": {"type": "user", "user_id": user_id(number)},
            "data": {
                "order_id": f"ord_{self._random.getrandbits(40):010x}",
                "tracking_number": f"TR{self._random.getrandbits(30):09d}",
                "carrier": "FedEx",
            },
            "channels": list(channels),
        }
