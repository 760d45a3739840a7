"""What a receiver's status means here. The one table.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md (2xx is success, 410 ends the
receiver, 429 and 503 ask to wait, redirects are failures), the statuses themselves: RFC 9110, section 15.
"""

from __future__ import annotations

from typing import NamedTuple

from foundation.errors import (
    Ambiguous,
    Misconfigured,
    PermanentForAddress,
    PermanentForMessage,
    ProviderError,
    ProviderRateLimited,
    Transient,
)

SOON_S = 5.0  # where a receiver asks to wait and doesn't say how long


class Meaning(NamedTuple):
    """A class of the tree and a sentence with the remedy."""

    kind: type[ProviderError]
    detail: str


CODES: dict[int, Meaning] = {
    400: Meaning(PermanentForMessage, "The receiver refuses this message."),
    401: Meaning(Misconfigured, "The receiver doesn't take our signature. Give both sides the same secret."),
    403: Meaning(Misconfigured, "The receiver doesn't let us in. Give both sides the same secret."),
    404: Meaning(PermanentForMessage, "There is no receiver at this address. Correct it, and replay."),
    405: Meaning(PermanentForMessage, "The receiver takes no POST at this address. Correct it, and replay."),
    408: Meaning(Transient, "The receiver waited too long for the call."),
    410: Meaning(PermanentForAddress, "The receiver is gone and wants no more."),
    413: Meaning(PermanentForMessage, "The message is too large for the receiver. Shorten the template."),
    425: Meaning(Transient, "The receiver doesn't take early calls."),
    429: Meaning(ProviderRateLimited, "The receiver takes no more calls for now. Lower the account's rate."),
    500: Meaning(Transient, "The receiver has an internal error."),
    502: Meaning(Ambiguous, "Something before the receiver got no good answer; it may have the message."),
    503: Meaning(ProviderRateLimited, "The receiver isn't available right now."),
    504: Meaning(Ambiguous, "Something before the receiver gave up waiting; it may have the message."),
}
_REDIRECT = Meaning(PermanentForMessage, "The receiver sends us elsewhere, which isn't followed. Give its new address.")
_REFUSED = Meaning(PermanentForMessage, "The receiver refuses this message.")


def outcome(status: int, wait_s: float, *, is_shared: bool) -> ProviderError:
    """The error for a `status` that isn't 2xx, with the wait it names (seconds).

    `is_shared`: it is the account's one receiver; else whatever it says is that address' alone.
    """
    meaning = CODES.get(status) or (_REDIRECT if status < 400 else _REFUSED if status < 500 else CODES[500])
    kind, word = meaning.kind, str(status)
    if kind is ProviderRateLimited:
        asked = ProviderRateLimited if is_shared else Transient
        return asked(meaning.detail, provider_code=word, retry_after=wait_s, of_part=not is_shared)
    if is_shared and meaning is _REDIRECT:
        kind = Misconfigured
    if not is_shared and kind is Misconfigured:
        kind = PermanentForMessage
    return kind(meaning.detail, provider_code=word, of_part=not is_shared)
