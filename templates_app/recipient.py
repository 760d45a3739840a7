"""What a template may know of the user it speaks to: `recipient.id`, `.locale`, and in mails `.unsubscribe_url`."""

from __future__ import annotations

from typing import Any

from preferences import unsubscribing

EXAMPLE = "example"


def recipient(user: str, locale: str, *, channel: str, category: str, mandatory: bool) -> dict[str, Any]:
    """For a message to `user`. A mail of a type that can't be turned off has nothing to unsubscribe from: ""."""
    found = {"id": user, "locale": locale}
    if channel == "email":
        found["unsubscribe_url"] = "" if mandatory or not category else unsubscribing.url(user, category)
    return found


def shown(user: str, locale: str, *, channel: str) -> dict[str, Any]:
    """For a message that is only looked at: its link unsubscribes nobody, whoever sees it."""
    found = {"id": user, "locale": locale}
    return found | ({"unsubscribe_url": unsubscribing.address_of(EXAMPLE)} if channel == "email" else {})
