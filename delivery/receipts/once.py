"""Messages that have been kept already, by the provider's own id of them. A provider that doubts tells again.

Most of what comes back may come twice without harm. A START that is told again after a later STOP may not. Redis away
or wiped: it is kept once more.
"""

from __future__ import annotations

from typing import Any

import structlog

from foundation.redis import Unreachable, get_redis, key

log = structlog.get_logger(__name__)

REMEMBERED_S = 24 * 3_600


def was_kept(provider: str, id: str) -> bool:
    """Whether this message has been kept."""
    client: Any = get_redis()
    try:
        return bool(client.exists(key("webhook", provider, id)))
    except Unreachable as error:
        log.warning("can't tell whether a callback came before", provider=provider, error=str(error))
        return False


def note_kept(provider: str, id: str) -> None:
    """Remembers it for a day."""
    try:
        get_redis().set(key("webhook", provider, id), b"1", ex=REMEMBERED_S)
    except Unreachable as error:
        log.warning("a callback isn't remembered", provider=provider, error=str(error))
