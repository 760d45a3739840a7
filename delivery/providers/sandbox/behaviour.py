"""How a sandbox provider answers a send: by its switch, else by the address. Pure.

Words in an address (an email's local part, a push token), or a phone number for where no words fit:

    word                    phone            what happens
    transient               +15005550002     fails, every time
    permanent               +15005550003     the message is refused for good
    invalid                 +15005550001     the address is refused for good
    ratelimited             +15005550004     429 with Retry-After
    timeout-after-accept    +15005550005     received, but the answer never comes: in doubt
    slow                    +15005550006     received after `SLOW_S`
    misconfigured           +15005550008     our credentials are refused
    fails-N-times           +15005550007 (2) fails until attempt N + 1
"""

from __future__ import annotations

import re

from foundation.errors import (
    Ambiguous,
    Misconfigured,
    PermanentForAddress,
    PermanentForMessage,
    ProviderError,
    ProviderRateLimited,
    Transient,
)

OK, TRANSIENT, PERMANENT, INVALID, RATE_LIMITED = "ok", "transient", "permanent", "invalid", "rate_limited"
AMBIGUOUS, SLOW, DOWN, MISCONFIGURED = "ambiguous", "slow", "down", "misconfigured"
MODES = (OK, TRANSIENT, PERMANENT, INVALID, RATE_LIMITED, AMBIGUOUS, SLOW, DOWN, MISCONFIGURED)
SLOW_S = 2.0
RETRY_AFTER_S = 2.0

_WORDS = {
    "transient": TRANSIENT,
    "permanent": PERMANENT,
    "invalid": INVALID,
    "ratelimited": RATE_LIMITED,
    "timeout-after-accept": AMBIGUOUS,
    "slow": SLOW,
    "misconfigured": MISCONFIGURED,
}
_PHONES = {
    "+15005550001": INVALID,
    "+15005550002": TRANSIENT,
    "+15005550003": PERMANENT,
    "+15005550004": RATE_LIMITED,
    "+15005550005": AMBIGUOUS,
    "+15005550006": SLOW,
    "+15005550008": MISCONFIGURED,
}
_FAILING_PHONE, _FAILING_PHONE_TIMES = "+15005550007", 2
_MAGIC = re.compile(rf"(?<![a-z])(?:fails-(?P<times>\d+)-times?|{'|'.join(_WORDS)})(?![a-z])")


def mode_of(address: str, attempt: int) -> str:
    """The mode that `address` asks for at `attempt` (from 1)."""
    if address == _FAILING_PHONE:
        return TRANSIENT if attempt <= _FAILING_PHONE_TIMES else OK
    found = _MAGIC.search(address.partition("@")[0])
    if found is None:
        return _PHONES.get(address, OK)
    if found["times"]:
        return TRANSIENT if attempt <= int(found["times"]) else OK
    return _WORDS[found[0]]


def is_received(mode: str) -> bool:
    """Whether the provider gets the message, whatever it answers."""
    return mode in (OK, SLOW, AMBIGUOUS)


def error_of(mode: str) -> ProviderError:
    """What the provider answers where it doesn't say yes."""
    return {
        TRANSIENT: Transient("the sandbox has an internal error", provider_code="500"),
        DOWN: Transient("the sandbox can't be reached", provider_code="connect"),
        PERMANENT: PermanentForMessage("the sandbox refuses this message", provider_code="400"),
        INVALID: PermanentForAddress("the sandbox knows no such address", provider_code="410"),
        RATE_LIMITED: ProviderRateLimited("too many requests", provider_code="429", retry_after=RETRY_AFTER_S),
        AMBIGUOUS: Ambiguous("no answer in time", provider_code="timeout"),
        MISCONFIGURED: Misconfigured("the sandbox refuses our credentials", provider_code="401"),
    }[mode]
