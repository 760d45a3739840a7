"""Push services' answers, mapped once.

https://www.rfc-editor.org/rfc/rfc8030 (5, 7.2, 7.3, 8.4) and https://www.rfc-editor.org/rfc/rfc8292 (4.2); besides
Firefox': https://mozilla-services.github.io/autopush-rs/errors.html
Safari's: https://developer.apple.com/documentation/usernotifications/sending-web-push-notifications-in-web-apps-and-browsers
Windows': https://learn.microsoft.com/windows/apps/develop/notifications/push-notifications/push-request-response-headers
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from foundation.errors import (
    Ambiguous,
    Misconfigured,
    PermanentForAddress,
    PermanentForMessage,
    ProviderError,
    ProviderRateLimited,
    Transient,
)

SOON_S = 60.0  # where a service asks to wait and doesn't say how long


class Meaning(NamedTuple):
    """A class of the tree and a sentence with the remedy."""

    kind: type[ProviderError]
    detail: str


_OTHER_KEY = "The browser subscribed with another VAPID key: it has to subscribe anew."

# 403 speaks of one subscription only: with a wrong key every browser would be called dead.
CODES: dict[int, Meaning] = {
    400: Meaning(PermanentForMessage, "The push service doesn't take a header or the encryption."),
    401: Meaning(Misconfigured, "The VAPID token is refused: check private_key, subject, and this machine's clock."),
    403: Meaning(PermanentForMessage, _OTHER_KEY),
    404: Meaning(PermanentForAddress, "The subscription is over."),
    406: Meaning(ProviderRateLimited, "The push service takes no more for now."),  # Windows
    408: Meaning(Transient, "The push service waited too long for the message."),
    410: Meaning(PermanentForAddress, "The subscription is over: the browser gave it up."),
    413: Meaning(PermanentForMessage, "The message is too large for the push service: shorten the push template."),
    429: Meaning(ProviderRateLimited, "The push service takes no more for now. Lower the account's rate."),
    500: Meaning(Transient, "The push service has an internal error."),
    502: Meaning(Ambiguous, "Something before the push service got no good answer; it may have the message."),
    503: Meaning(Transient, "The push service isn't available right now."),
    504: Meaning(Ambiguous, "Something before the push service gave up waiting; it may have the message."),
}
# Where an answer's "reason" says more than its status (Safari's service).
REASONS: dict[str, Meaning] = {
    "BadJwtToken": Meaning(
        Misconfigured, "The VAPID token is refused: check that subject is a real address, and this machine's clock."
    ),
    "VapidPkHashMismatch": Meaning(PermanentForMessage, _OTHER_KEY),
}
_REDIRECT = Meaning(PermanentForMessage, "The push service sends us elsewhere, which isn't followed.")
_REFUSED = Meaning(PermanentForMessage, "The push service refuses this message.")


class _Told(msgspec.Struct, frozen=True):
    """What the services add in JSON: `reason` Safari's, `errno` Firefox'."""

    reason: str | None = None
    errno: int | None = None


def outcome(status: int, body: bytes, *, retry_after_s: float | None, is_known: bool) -> ProviderError:
    """The error for a `status` that isn't 2xx, with the wait that it names (seconds).

    A wait is that of one service among many. `is_known`: a service of the account's options; else whatever it says
    concerns that address alone.
    """
    told = _told(body)
    usual = CODES.get(status) or (_REDIRECT if status < 400 else _REFUSED if status < 500 else CODES[500])
    meaning = REASONS.get(told.reason or "", usual)
    more = told.reason if told.reason in REASONS else told.errno
    code = str(status) if more is None else f"{status} {more}"
    if meaning.kind is ProviderRateLimited and retry_after_s is None:
        retry_after_s = SOON_S
    kind = meaning.kind if is_known else _OF_ONE.get(meaning.kind, meaning.kind)
    of_part = not is_known or kind is ProviderRateLimited
    return kind(meaning.detail, provider_code=code, retry_after=retry_after_s, of_part=of_part)


_OF_ONE: dict[type[ProviderError], type[ProviderError]] = {
    ProviderRateLimited: Transient,
    Misconfigured: PermanentForMessage,
}


def _told(body: bytes) -> _Told:
    try:
        return msgspec.json.decode(body, type=_Told)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _Told()
