"""APNs' answers, mapped once.

https://developer.apple.com/documentation/usernotifications/handling-notification-responses-from-apns
"""

from __future__ import annotations

from typing import NamedTuple

from delivery.providers.dead_since import dated
from foundation.clock import to_rfc3339
from foundation.errors import (
    Misconfigured,
    PermanentForAddress,
    PermanentForMessage,
    ProviderError,
    ProviderRateLimited,
    Transient,
)


class Meaning(NamedTuple):
    """What a reason means here; `remedy` says it with what to do."""

    status: int
    kind: type[ProviderError]
    remedy: str


_KEY = "The provider token is refused: check key, key_id and team_id, and this machine's clock."
_TOPIC = "Check `topic` and that the key may send for it (Apple's page Keys)."

# Table 4 and 5 of Apple's page. DeviceTokenNotForTopic speaks of one message only: with a wrong `topic` every device
# would be called dead.
REASONS: dict[str, Meaning] = {
    "BadCollapseId": Meaning(400, PermanentForMessage, "The collapse key is over 64 bytes."),
    "BadDeviceToken": Meaning(400, PermanentForAddress, "No such device in this environment (`development`)."),
    "BadExpirationDate": Meaning(400, PermanentForMessage, "apns-expiration is not valid."),
    "BadMessageId": Meaning(400, PermanentForMessage, "apns-id is no UUID."),
    "BadPriority": Meaning(400, PermanentForMessage, "apns-priority is not valid."),
    "BadTopic": Meaning(400, Misconfigured, _TOPIC),
    "DeviceTokenNotForTopic": Meaning(400, PermanentForMessage, "The device belongs to another app than `topic`."),
    "DuplicateHeaders": Meaning(400, Misconfigured, "A header came twice: a proxy between us and Apple adds some."),
    "IdleTimeout": Meaning(400, Transient, "The connection was idle for too long."),
    "InvalidPushType": Meaning(400, Misconfigured, "apns-push-type doesn't fit `topic`."),
    "MissingDeviceToken": Meaning(400, PermanentForAddress, "The address is empty."),
    "MissingTopic": Meaning(400, Misconfigured, _TOPIC),
    "PayloadEmpty": Meaning(400, PermanentForMessage, "The message is empty."),
    "TopicDisallowed": Meaning(400, Misconfigured, _TOPIC),
    "BadCertificate": Meaning(403, Misconfigured, "The certificate is refused."),
    "BadCertificateEnvironment": Meaning(403, Misconfigured, "The certificate is for the other environment."),
    "BadEnvironmentKeyIdInToken": Meaning(403, Misconfigured, "The key is for the other environment (`development`)."),
    "ExpiredProviderToken": Meaning(403, Misconfigured, _KEY),
    "Forbidden": Meaning(403, Misconfigured, _KEY),
    "InvalidProviderToken": Meaning(403, Misconfigured, _KEY),
    "MissingProviderToken": Meaning(403, Misconfigured, _KEY),
    "UnrelatedKeyIdInToken": Meaning(403, Misconfigured, "One connection, two teams: check key_id and team_id."),
    "BadPath": Meaning(404, Misconfigured, "Apple doesn't know the path: check `host`."),
    "MethodNotAllowed": Meaning(405, Misconfigured, "Apple doesn't take the method: check `host`."),
    "ExpiredToken": Meaning(410, PermanentForAddress, "The device token has expired."),
    "Unregistered": Meaning(410, PermanentForAddress, "The app is gone from the device."),
    "PayloadTooLarge": Meaning(413, PermanentForMessage, "The payload is over 4,096 bytes; shorten the template."),
    "TooManyProviderTokenUpdates": Meaning(429, Misconfigured, "Too many provider tokens: one a team, for 20 minutes."),
    "TooManyRequests": Meaning(429, ProviderRateLimited, "Too many notifications to this device in a row."),
    "InternalServerError": Meaning(500, Transient, "APNs has an internal error."),
    "ServiceUnavailable": Meaning(503, Transient, "APNs is not available."),
    "Shutdown": Meaning(503, Transient, "The APNs server is shutting down."),
}

# "The server received too many requests for the same device token": whatever it asks for, others go on.
OF_ONE_DEVICE = frozenset({"TooManyRequests"})

# Table 3: what a status means whose reason nobody knows yet.
STATUSES: dict[int, type[ProviderError]] = {
    400: PermanentForMessage,
    403: Misconfigured,
    404: Misconfigured,
    405: Misconfigured,
    410: PermanentForAddress,
    413: PermanentForMessage,
    429: ProviderRateLimited,
}


def outcome(
    status: int, reason: str, *, timestamp_ms: int | None = None, retry_after_s: float | None = None
) -> ProviderError:
    """What an answer other than 200 means. `timestamp_ms` is a 410's: since when the token is dead."""
    known = REASONS.get(reason)
    kind = known.kind if known else STATUSES.get(status, Transient)
    words = known.remedy if known else f"APNs answered {status} without a reason that is known."
    if timestamp_ms is not None:
        words += f" Dead since {to_rfc3339(timestamp_ms)}."
    return kind(
        words,
        provider_code=dated(reason or str(status), timestamp_ms),
        retry_after=retry_after_s,
        of_part=reason in OF_ONE_DEVICE,
    )
