"""A provider's own words without whom they speak of, fit for timelines and logs."""

from __future__ import annotations

import re

WORDS_MAX = 200
_MAIL = re.compile(r"<?[^\s<>]+@[^\s<>]+>?")
_PHONE = re.compile(r"\+?\d[\d ()-]{5,}\d")


def without_addresses(words: str) -> str:
    """`words` on one line, mail addresses and phone numbers left out, cut to `WORDS_MAX`."""
    hidden = _PHONE.sub("<number>", _MAIL.sub("<address>", words))
    return " ".join(hidden.split())[:WORDS_MAX]
