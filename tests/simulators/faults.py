"""The faults that have a name, for each provider as orders of its `Script`: what a button of a page gives.

Each lifts what was ordered before; the codes are the provider's own (the table codes.py of its adapter).
"""

from __future__ import annotations

from typing import Any

OK = "ok"
WAIT_S = 2
SLOW_S = 2.0
WORDS = {
    "transient": "fails every time",
    "down": "cuts every connection",
    "rate_limited": "too many requests",
    "ambiguous": "takes it, never answers",
    "slow": f"answers after {SLOW_S:g} s",
    "permanent": "refuses every message",
    "invalid": "says addresses are dead",
    "misconfigured": "refuses our credentials",
    "rubbish": "answers rubbish",
    "goaway": "says GOAWAY to every message",
}

_ALIKE: dict[str, dict[str, Any]] = {
    "down": {"drop": {"times": None}},
    "ambiguous": {"silence": {"times": None}},
    "slow": {"latency_s": SLOW_S},
    "rubbish": {"rubbish": {"times": None}},
    "goaway": {"goaway": {"times": None}},
}
_BY_HTTP2 = frozenset({"apns", "fcm", "webpush"})
# provider: mode: (the provider's code, what it comes with)
_CODES: dict[str, dict[str, tuple[str, dict[str, Any]]]] = {
    "apns": {
        "transient": ("InternalServerError", {}),
        "rate_limited": ("TooManyRequests", {"retry_after": WAIT_S}),
        "permanent": ("PayloadTooLarge", {}),
        "invalid": ("Unregistered", {}),
        "misconfigured": ("InvalidProviderToken", {}),
    },
    "fcm": {
        "transient": ("INTERNAL", {}),
        "rate_limited": ("QUOTA_EXCEEDED", {"retry_after": WAIT_S}),
        "permanent": ("INVALID_ARGUMENT", {}),
        "invalid": ("UNREGISTERED", {}),
        "misconfigured": ("PERMISSION_DENIED", {}),
    },
    "webpush": {
        "transient": ("500", {}),
        "rate_limited": ("429", {"retry_after": WAIT_S}),
        "permanent": ("400", {}),
        "invalid": ("410", {}),
        "misconfigured": ("401", {}),
    },
    "twilio": {
        "transient": ("20500", {}),
        "rate_limited": ("20429", {"retry_after": WAIT_S}),
        "permanent": ("21617", {}),
        "invalid": ("21211", {}),
        "misconfigured": ("20003", {}),
    },
    "ses": {
        "transient": ("InternalFailure", {}),
        "rate_limited": ("TooManyRequestsException", {"retry_after": WAIT_S}),
        "permanent": ("MessageRejected", {"message": "Bad content."}),
        "invalid": ("BadRequestException", {"message": "Illegal address"}),
        "misconfigured": ("SignatureDoesNotMatch", {}),
    },
    "smtp": {
        "transient": ("451 4.3.0", {}),
        "rate_limited": ("451 4.7.1", {}),
        "permanent": ("554 5.6.0", {"stage": "data"}),
        "invalid": ("550 5.1.1", {}),
        "misconfigured": ("535 5.7.8", {}),
    },
}


def modes_of(provider: str) -> tuple[str, ...]:
    """The faults that `provider` can be told by name."""
    known = _ALIKE.keys() | _CODES[provider].keys()
    return tuple(mode for mode in WORDS if mode in known and (mode != "goaway" or provider in _BY_HTTP2))


def orders(provider: str, mode: str) -> dict[str, Any]:
    """What makes a simulator behave so from now on, for `Script.apply`. Raises KeyError for a mode nobody knows."""
    if mode == OK:
        return {}
    if mode in _ALIKE:
        return _ALIKE[mode]
    code, extra = _CODES[provider][mode]
    return {"answer": {"code": code, "times": None, **extra}}
