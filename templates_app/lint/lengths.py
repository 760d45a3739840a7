"""What is too long to be seen or cheap on its channel. Pure.

The figures are what phones show before they cut: about 65 and 178 characters on an iPhone's lock screen (four lines
with the title), a subject of 70 in a phone's list of mails.
"""

from __future__ import annotations

from templates_app.content import Content
from templates_app.lint.finding import HINT, WARNING, Finding
from templates_app.sms_segments import GSM7, segments

SEEN = {
    ("push", "title"): (65, "a phone's lock screen cuts it"),
    ("push", "body"): (178, "a phone's lock screen cuts it"),
    ("email", "title"): (70, "lists of mails on a phone cut the subject"),
    ("in_app", "title"): (90, "the inbox cuts it"),
    ("in_app", "body"): (280, "the inbox cuts it"),
}
SMS_SEGMENTS = 3


def too_long(channel: str, content: Content) -> list[Finding]:
    """On the data it was rendered with."""
    found = []
    for field in ("title", "body"):
        most, why = SEEN.get((channel, field), (0, ""))
        length = len(getattr(content, field))
        if most and length > most:
            found.append(Finding(WARNING, field, f"{length} characters: beyond about {most}, {why}"))
    return found + (_sms(content.body) if channel == "sms" else [])


def _sms(text: str) -> list[Finding]:
    its = segments(text)
    found = []
    if its.count > SMS_SEGMENTS:
        found.append(Finding(WARNING, "body", f"It goes in {its.count} segments, each of them paid for"))
    if its.encoding != GSM7 and segments("".join(c for c in text if segments(c).encoding == GSM7)).count < its.count:
        odd = "".join(dict.fromkeys(c for c in text if segments(c).encoding != GSM7))[:8]
        found.append(
            Finding(HINT, "body", f"Without {odd} it would take fewer segments: they aren't in the SMS alphabet")
        )
    return found


def empty(channel: str, content: Content, *, failed: set[str]) -> list[Finding]:
    """Parts that a channel needs."""
    need = {"in_app": ("title",), "push": ("title", "body"), "email": ("title", "body"), "sms": ("body",)}[channel]
    words = {"title": "There is no title", "body": "There is no text"}
    if channel == "email":
        words = {
            "title": "There is no subject",
            "body": "There is no text part: readers without HTML see nothing, and spam filters mind",
        }
    return [
        Finding(WARNING, field, words[field]) for field in need if not getattr(content, field) and field not in failed
    ]
