"""What isn't translated. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from templates_app.lint.finding import HINT, WARNING, Finding
from templates_app.words import Words, best_locale


def untranslated(words: Words, texts: Sequence[Words], default_locale: str) -> list[Finding]:
    """Locales that the type speaks, but not on this channel; and words that are still those of the default locale."""
    spoken = sorted({each.locale for each in texts} | {words.locale})
    here = {each.locale: each for each in texts if each.channel == words.channel} | {words.locale: words}
    found = [
        Finding(WARNING, "", f"No text in {locale} on this channel: {_instead(locale, here, default_locale)}")
        for locale in spoken
        if best_locale(locale, set(here)) is None
    ]
    original = here.get(default_locale)
    if original and original.locale != words.locale and words.body and original.body == words.body:
        found.append(Finding(HINT, "body", f"These are the words in {default_locale}: not translated yet?"))
    return found


def _instead(locale: str, here: dict[str, Words], default_locale: str) -> str:
    best = best_locale(locale, set(here), default_locale)
    return f"its readers get the one in {best}" if best else "its readers get nothing"
