"""FCM's answers, mapped once.

https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode
https://firebase.google.com/docs/cloud-messaging/error-codes
"""

from __future__ import annotations

from typing import Any, NamedTuple

from foundation.errors import (
    Misconfigured,
    PermanentForAddress,
    PermanentForMessage,
    ProviderError,
    ProviderRateLimited,
    Transient,
)

FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
QUOTA_FAILURE = "type.googleapis.com/google.rpc.QuotaFailure"
TOKEN_FIELD = "message.token"  # noqa: S105  a field's name
# "If there is no Retry-After header, wait at least a minute" (error-codes, QUOTA_EXCEEDED).
QUOTA_WAIT_S = 60.0


class Meaning(NamedTuple):
    """What a code means here; `remedy` says it with what to do."""

    status: int
    kind: type[ProviderError]
    remedy: str


# SENDER_ID_MISMATCH speaks of one message only: with the key of another project every device would be called dead.
CODES: dict[str, Meaning] = {
    # FcmError.errorCode
    "UNSPECIFIED_ERROR": Meaning(500, Transient, "FCM says no more than that it failed."),
    "INVALID_ARGUMENT": Meaning(400, PermanentForMessage, "FCM doesn't take a field of the message."),
    "UNREGISTERED": Meaning(404, PermanentForAddress, "The app is gone from the device."),
    "SENDER_ID_MISMATCH": Meaning(403, PermanentForMessage, "The device registered with another project's sender id."),
    "QUOTA_EXCEEDED": Meaning(429, ProviderRateLimited, "The project's or the device's message rate is exceeded."),
    "UNAVAILABLE": Meaning(503, Transient, "FCM is overloaded."),
    "INTERNAL": Meaning(500, Transient, "FCM has an internal error."),
    "THIRD_PARTY_AUTH_ERROR": Meaning(
        401, Misconfigured, "The project's APNs key or web push key is refused: mend it."
    ),
    # google.rpc.Code, where no FcmError is given: https://cloud.google.com/apis/design/errors
    "UNAUTHENTICATED": Meaning(401, Misconfigured, "The access token is refused: is the service account's key valid?"),
    "PERMISSION_DENIED": Meaning(403, Misconfigured, "The service account may not send for `project`, or FCM is off."),
    "NOT_FOUND": Meaning(404, Misconfigured, "There is no such project: check `project` and `url`."),
    "FAILED_PRECONDITION": Meaning(400, PermanentForMessage, "FCM doesn't take the message as things are."),
    "RESOURCE_EXHAUSTED": Meaning(429, ProviderRateLimited, "The project's quota is exceeded."),
    "DEADLINE_EXCEEDED": Meaning(504, Transient, "FCM took too long and gave up."),
}

# QUOTA_EXCEEDED's QuotaFailure says whose rate it is: "message rate", "device message rate" (error-codes).
A_DEVICES = "device"
# The keys FCM has of Apple or for browsers: Android's devices go on.
OF_ONE_PLATFORM = frozenset({"THIRD_PARTY_AUTH_ERROR"})

# What a status means whose code nobody knows yet.
STATUSES: dict[int, type[ProviderError]] = {
    400: PermanentForMessage,
    401: Misconfigured,
    403: Misconfigured,
    404: Misconfigured,
    413: PermanentForMessage,
    429: ProviderRateLimited,
}


def outcome(status: int, error: dict[str, Any], *, retry_after_s: float | None = None) -> ProviderError:
    """What an answer other than 200 means; `error` is its JSON's "error", {} where it has none."""
    code = code_of(error)
    known = CODES.get(code)
    kind = known.kind if known else STATUSES.get(status, Transient)
    words = known.remedy if known else f"FCM answered {status} without a code that is known."
    fields = fields_of(error)
    if TOKEN_FIELD in fields:
        kind, words = PermanentForAddress, "The address is no FCM registration token."
    elif fields:
        words = f"{words} It names {', '.join(fields)}."
    if kind is ProviderRateLimited and retry_after_s is None:
        retry_after_s = QUOTA_WAIT_S
    of_part = code in OF_ONE_PLATFORM or (kind is ProviderRateLimited and _is_a_devices(error))
    return kind(words, provider_code=code or str(status), retry_after=retry_after_s, of_part=of_part)


def code_of(error: dict[str, Any]) -> str:
    """FCM's own code, else Google's; "" without one."""
    own = [detail.get("errorCode") for detail in _details(error, FCM_ERROR)]
    return str(own[0] if own and own[0] else error.get("status") or "")


def fields_of(error: dict[str, Any]) -> list[str]:
    """The fields that FCM finds fault with."""
    found = (violation for detail in _details(error, BAD_REQUEST) for violation in detail.get("fieldViolations") or [])
    return [str(violation.get("field", "")) for violation in found if isinstance(violation, dict)]


def _is_a_devices(error: dict[str, Any]) -> bool:
    """Whether the quota that is exceeded is one device's alone; without a word of it it is the project's."""
    found = [violation for detail in _details(error, QUOTA_FAILURE) for violation in detail.get("violations") or []]
    said = [f"{each.get('subject')} {each.get('description')}".lower() for each in found if isinstance(each, dict)]
    return bool(said) and all(A_DEVICES in words for words in said)


def _details(error: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    details = error.get("details")
    found = details if isinstance(details, list) else []
    return [detail for detail in found if isinstance(detail, dict) and detail.get("@type") == kind]
