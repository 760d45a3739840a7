"""Every frame of the WebSocket, both ways (contract §6; `docs/frames.md` shows each with an example).

A frame is a JSON object whose `type` names it. Unknown types and unknown fields are refused by name.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec

from foundation.errors import InvalidRequest

MAX_IDS = 500
MAX_FRAME_CHARS = 64 * 1024
_encode = msgspec.json.Encoder().encode
_PATH = re.compile(r" - at `\$\.?(.*?)`$")


class ServerFrame(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the gateway sends."""

    def text(self) -> str:
        """The frame as JSON."""
        return _encode(self).decode()

    def plain(self) -> dict[str, Any]:
        """The frame as plain values, as `notifications.announce` takes it."""
        return msgspec.to_builtins(self)


class Hello(ServerFrame, frozen=True, tag="hello"):
    """First after a good token or ticket. `at` is the server's time: the `last_seen` of a later `sync`."""

    user: str
    at: str
    ping_seconds: float
    dead_seconds: float


class Notification(ServerFrame, frozen=True, tag="notification"):
    """One inbox entry, as `GET /users/{id}/notifications` shows it. Its `id` is the key: drop what you have."""

    notification: dict[str, Any]


class Read(ServerFrame, frozen=True, tag="read"):
    """Read state changed, on whichever device: of `ids`, or of everything (`all`). Absent parts didn't change."""

    ids: list[str] = []
    all: bool = False
    read: bool | None = None
    seen: bool | None = None
    opened: bool | None = None
    archived: bool | None = None


class UnreadCount(ServerFrame, frozen=True, tag="unread_count"):
    """Exact counts. The badge shows `unseen`."""

    unread: int
    unseen: int


class Synced(ServerFrame, frozen=True, tag="synced"):
    """What was missed is through. `complete` is false if there was more than one sync carries: page it by REST."""

    at: str
    complete: bool


class Error(ServerFrame, frozen=True, tag="error"):
    """A frame that wasn't taken, or why the socket is about to be closed."""

    code: str
    detail: str
    field: str | None = None
    remedy: str | None = None


class Reconnect(ServerFrame, frozen=True, tag="reconnect"):
    """This process stops or is full: come back after `after_ms`. Each client gets another figure."""

    after_ms: int
    reason: str


class Ping(ServerFrame, frozen=True, tag="ping"):
    """Answer with `pong`; a socket silent for `dead_seconds` is closed."""


class ClientFrame(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a client sends."""


Id = msgspec.Meta(min_length=1, max_length=64)
Ids = msgspec.Meta(min_length=1, max_length=MAX_IDS)


class Auth(ClientFrame, frozen=True, tag="auth"):
    """First frame where no ticket is in the URL: a user token; `last_seen` asks for what was missed since."""

    token: str
    last_seen: str | None = None


class _WithIds(ClientFrame, frozen=True):
    ids: Annotated[list[Annotated[str, Id]], Ids]


class Ack(_WithIds, frozen=True, tag="ack"):
    """These have arrived; their in-app status becomes `delivered`."""


class MarkRead(_WithIds, frozen=True, tag="mark_read"):
    """The user has read these."""


class MarkUnread(_WithIds, frozen=True, tag="mark_unread"):
    """Unread again."""


class MarkSeen(_WithIds, frozen=True, tag="mark_seen"):
    """The user has had these before his eyes: they leave the badge."""


class MarkOpened(_WithIds, frozen=True, tag="mark_opened"):
    """The user followed these: opened, and read."""


class Archive(_WithIds, frozen=True, tag="archive"):
    """Out of the inbox."""


class Unarchive(_WithIds, frozen=True, tag="unarchive"):
    """Back into the inbox."""


class ReadAll(ClientFrame, frozen=True, tag="read_all"):
    """Everything that is in the inbox now is read."""


class Sync(ClientFrame, frozen=True, tag="sync"):
    """Send what came after `last_seen` (RFC 3339; from 60 s before it); absent: the newest unread."""

    last_seen: str | None = None


class Pong(ClientFrame, frozen=True, tag="pong"):
    """Answer to `ping`."""


AnyClientFrame = (
    Auth | Ack | MarkRead | MarkUnread | MarkSeen | MarkOpened | Archive | Unarchive | ReadAll | Sync | Pong
)
AnyServerFrame = Hello | Notification | Read | UnreadCount | Synced | Error | Reconnect | Ping

_decode = msgspec.json.Decoder(AnyClientFrame).decode
PING = Ping().text()


def read_frame(text: str | None) -> AnyClientFrame:
    """The client frame in `text`. Raises InvalidRequest, which names the field."""
    if text is None:
        raise InvalidRequest("frames are text, not binary", remedy="Send JSON in a text frame.")
    if len(text) > MAX_FRAME_CHARS:
        raise InvalidRequest(f"the frame is longer than {MAX_FRAME_CHARS} characters", remedy="Send fewer ids at once.")
    try:
        return _decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        reason, found, field = str(error), _PATH.search(str(error)), None
        if found:
            reason, field = reason[: found.start()], found.group(1) or None
        raise InvalidRequest(reason, field=field, remedy="docs/frames.md shows every frame.") from error
