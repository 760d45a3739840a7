"""An application for the process tests: the gateway before an empty inbox, every token is its user's name."""

from __future__ import annotations

from channels_app.calls import Calls
from channels_app.gateway import Gateway


def calls() -> Calls:
    return Calls(
        verify_token=str,
        redeem_ticket=str,
        since=lambda *_: [],
        newest=lambda *_: [],
        mark=lambda *_, **__: None,
        read_all=lambda _: None,
        counts=lambda users: dict.fromkeys(users, (0, 0)),
        produce=lambda _: None,
    )


application = Gateway(calls)
