"""Exit codes, and which error ends in which. `notify --help` shows the table."""

from __future__ import annotations

from notification_platform.errors import (
    BadAnswer,
    Forbidden,
    NotConfigured,
    NotFound,
    NotInTime,
    PlatformError,
    Unauthenticated,
    is_temporary,
)

OK, REFUSED, USAGE, NOT_ALLOWED, NOT_FOUND, TRY_AGAIN, NOT_DELIVERED, BAD_ANSWER = range(8)
INTERRUPTED = 130

MEANING = {
    OK: "done",
    REFUSED: "the server refused it; the message names the field and the remedy",
    USAGE: "the command line isn't right",
    NOT_ALLOWED: "no credentials, or they don't allow it",
    NOT_FOUND: "there is no such thing",
    TRY_AGAIN: "not reachable, or too much at once: try again later",
    NOT_DELIVERED: "it ended, but nothing was delivered; or there was no outcome in time",
    BAD_ANSWER: "what answered isn't the platform's API",
    INTERRUPTED: "ended by Ctrl-C",
}


def code_of(error: PlatformError) -> int:
    """The exit code for an error."""
    if is_temporary(error):
        return TRY_AGAIN
    if isinstance(error, NotConfigured | Unauthenticated | Forbidden):
        return NOT_ALLOWED
    if isinstance(error, NotFound):
        return NOT_FOUND
    if isinstance(error, NotInTime):
        return NOT_DELIVERED
    if isinstance(error, BadAnswer):
        return BAD_ANSWER
    return REFUSED
