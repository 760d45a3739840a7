"""Every reason and error of the platform in words: one table, for timelines, the audit, dead letters and pages.

A decision carries a sentence of its own that names the figures behind it; this table speaks where only the word is
known, and says what a word means.
"""

from __future__ import annotations

# contract §4: why something was dropped
DROPPED: dict[str, str] = {
    "opted_out": "The user has turned this off.",
    "no_address": "There is no address to send this to.",
    "invalid_address": "The provider said that the address is dead; it was removed.",
    "suppressed": "The address is on the suppression list.",
    "rate_limited": "The limit for this user, or for this block of phone numbers, is used up.",
    "country_not_allowed": "The type's SMS don't go to the country of this number.",
    "expired": "It expired before it could be sent.",
    "cancelled": "It was cancelled while it was still waiting.",
    "erased": "The user's data was erased.",
    "no_template": "The type has no template for this channel.",
    "duplicate": "The same notification was accepted before.",
    "unknown_type": "The notification type no longer exists.",
    "not_a_channel": "The type doesn't go out by this channel.",
}

# contract §4: why something waits
DEFERRED: dict[str, str] = {
    "scheduled": "It waits for the time the sender asked for.",
    "quiet_hours": "It waits for the end of the user's quiet hours.",
    "retry": "It failed and will be tried again.",
    "held": "An operator holds it back for now.",
    "not_begun": "It wasn't begun in time and will be tried again; that costs no attempt.",
    "breaker_open": "The provider's breaker is open; it will be tried again, at no cost of an attempt.",
    "paused": "Sending is paused.",
    "fallback": "Another channel failed; this one takes on.",
    "replay": "An operator replayed it.",
}

# contract §5: why something was parked
PARKED: dict[str, str] = {
    "exhausted": "All tries have failed; an operator can replay it.",
    "permanent": "The provider refused the message for good.",
    "in_doubt": "It isn't known whether it was sent, so it wasn't sent again.",
    "template_error": "The template failed.",
    "template": "The template failed.",
    "fell_back_to": "It failed here, and another channel took on.",
    "quarantined": "Its record couldn't be read or handled; it is kept in the quarantine.",
}

# foundation.errors.ProviderError.kind and a failed send's `error`
ERRORS: dict[str, str] = {
    "transient": "The provider couldn't take it just then.",
    "rate_limited": "The provider takes no more for the moment.",
    "permanent_message": "The provider refused the message for good.",
    "permanent_address": "The provider said that the address is dead.",
    "misconfigured": "Our account at the provider isn't set up right.",
    "ambiguous": "The provider didn't answer in time: it may have taken it.",
    "in_doubt": "A worker died while sending: it may have been taken.",
    "provider_error": "The provider didn't take it.",
}

# notifications.status: what a status means
STATUS: dict[str, str] = {
    "accepted": "Accepted and kept; not decided yet.",
    "pending": "Decided and on its way.",
    "deferred": "Waiting for its time.",
    "attempting": "Being sent.",
    "in_doubt": "It isn't known whether the last try went out.",
    "failed": "The last try failed; another will follow.",
    "parked": "Kept aside until an operator replays or drops it.",
    "cancelled": "Cancelled while it was waiting.",
    "dropped": "Not sent.",
    "sent": "Handed over.",
    "delivered": "Arrived.",
    "read": "Read by the user.",
    "opened": "Opened by the user.",
    "clicked": "A link in it was followed.",
    "bounced": "The mailbox sent it back.",
    "complained": "The user reported it as unwanted.",
    "undelivered": "The carrier couldn't deliver it.",
}

_SENTENCES = {**ERRORS, **PARKED, **DEFERRED, **DROPPED}


def sentence(reason: str, *, error: bool = False) -> str:
    """`reason` (or with `error` a `ProviderError.kind`) as a sentence; a word not in the table is shown as it is."""
    if not reason:
        return ""
    words = ERRORS.get(reason) if error else _SENTENCES.get(reason)
    return words or f"{reason.replace('_', ' ').capitalize()}."


def status_sentence(status: str) -> str:
    """What `status` means to somebody who sent the notification."""
    return STATUS[status]
