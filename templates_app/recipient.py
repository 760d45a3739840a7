"""What a template may know of the user it speaks to: `recipient.id`, `.locale`.

In mails also `.unsubscribe_url` and `.preferences_url`, the links of `preferences.unsubscribing`.
"""

from __future__ import annotations

from typing import Any

from preferences import unsubscribing

EXAMPLE = "example"


def recipient(user: str, locale: str, *, channel: str, category: str, mandatory: bool) -> dict[str, Any]:
    """For a message to `user`. A mail of a type that can't be turned off has nothing to unsubscribe from: ""."""
    found = {"id": user, "locale": locale}
    if channel == "email":
        found["unsubscribe_url"] = "" if mandatory or not category else unsubscribing.url(user, category)
        found["preferences_url"] = unsubscribing.page_url(user)
    return found


def shown(user: str, locale: str, *, channel: str) -> dict[str, Any]:
    """For a message that is only looked at: its links open nothing of anybody's, whoever sees it."""
    found = {"id": user, "locale": locale}
    if channel == "email":
        found["unsubscribe_url"] = unsubscribing.address_of(EXAMPLE)
        found["preferences_url"] = unsubscribing.page_address_of(EXAMPLE)
    return found
