"""Whether a WebSocket handshake is let in: pure, over the handshake's own values (contract §6)."""

from __future__ import annotations

import random
from collections.abc import Collection
from urllib.parse import parse_qs

import msgspec

RETRY_AFTER_S = (5, 30)
LONG_LIVED = ("token", "access_token", "authorization")


class Refusal(msgspec.Struct, frozen=True):
    """An HTTP answer instead of a socket; `code` is the WebSocket close code where HTTP can't be answered."""

    status: int
    code: int
    detail: str
    retry_after: int = 0


class Admitted(msgspec.Struct, frozen=True):
    """Let in; `ticket` is redeemed next, or else the first frame brings a token."""

    ticket: str | None = None
    last_seen: str | None = None


def judge(
    *, headers: Collection[tuple[bytes, bytes]], query: bytes, origins: Collection[str], sockets: int, soft_limit: int
) -> Admitted | Refusal:
    """Origin first, then room, then what the URL carries. Programs without an Origin header are no browsers: let in."""
    origin = next((value.decode("latin-1") for name, value in headers if name == b"origin"), None)
    if origin is not None and not _allowed(origin, origins):
        return Refusal(403, 4403, f"origin {origin[:200]} is not among the setting ALLOWED_ORIGINS")
    if sockets >= soft_limit:
        return Refusal(503, 4413, "this gateway is full, come back later", random.randint(*RETRY_AFTER_S))  # noqa: S311
    asked = parse_qs(query.decode("latin-1"))
    if any(name in asked for name in LONG_LIVED):
        return Refusal(400, 4400, "tokens never go in a URL: send the auth frame first, or connect with ?ticket=")
    return Admitted(_only(asked, "ticket"), _only(asked, "last_seen"))


def _allowed(origin: str, origins: Collection[str]) -> bool:
    return "*" in origins or origin.rstrip("/").lower() in {one.rstrip("/").lower() for one in origins}


def _only(asked: dict[str, list[str]], name: str) -> str | None:
    return asked[name][0] if name in asked else None
