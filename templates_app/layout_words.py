"""What the shared mail layout says itself, in the languages it knows."""

from __future__ import annotations

_FOOTER = {
    "en": "You receive this mail because you have an account with us.",
    "de": "Sie erhalten diese E-Mail, weil Sie ein Konto bei uns haben.",
}
_UNSUBSCRIBE = {"en": "Unsubscribe", "de": "Abmelden"}
_PREFERENCES = {"en": "Preferences", "de": "Einstellungen"}


def footer(locale: str) -> str:
    """The footer line in the language of `locale`, else in English."""
    return _FOOTER.get(locale[:2], _FOOTER["en"])


def unsubscribe(locale: str) -> str:
    """The words of the unsubscribe link."""
    return _UNSUBSCRIBE.get(locale[:2], _UNSUBSCRIBE["en"])


def preferences(locale: str) -> str:
    """The words of the link to the preferences page."""
    return _PREFERENCES.get(locale[:2], _PREFERENCES["en"])
