"""What is written on each channel, in an author's words; and a form's fields as words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec
from django.http import Http404

from templates_app.lint.finding import ERROR, Finding
from templates_app.models.texts import CHANNELS
from templates_app.words import Words


class Field(msgspec.Struct, frozen=True):
    """A field of the editor. `rows` 1 is a single line; `is_extra` ones are folded away."""

    name: str
    label: str
    help: str = ""
    rows: int = 1
    is_code: bool = False
    is_extra: bool = False


_LINK = Field("action_url", "Where a tap leads", "https://… or a path of yours such as /orders/7")
_IMAGE = Field("image", "Picture", "https://… or a path of yours", is_extra=True)
_DATA = Field(
    "data_template",
    "Data for the app",
    'What developers get with it: {"order_id": "{{ order_id }}"}. Nothing else of the event reaches a device.',
    rows=4,
    is_code=True,
    is_extra=True,
)
FIELDS: dict[str, tuple[Field, ...]] = {
    "in_app": (Field("title", "Title"), Field("body", "Text", rows=4), _LINK, _IMAGE, _DATA),
    "push": (Field("title", "Title"), Field("body", "Text", rows=3), _LINK, _IMAGE, _DATA),
    "email": (
        Field("title", "Subject"),
        Field("html", "HTML", "A fragment is put into the layout.", rows=14, is_code=True),
        Field("body", "Text part", "For readers without HTML.", rows=7),
        Field("action_url", "Where the button leads", "{{ content.action_url }} in the HTML"),
        Field("image", "Picture", "{{ content.image }} in the HTML", is_extra=True),
    ),
    "sms": (Field("body", "Text", rows=4),),
}
LABELS = dict(CHANNELS)


def refuse_unknown(channel: str) -> None:
    """Raises Http404 for what is no channel."""
    if channel not in FIELDS:
        raise Http404(f"there is no channel {channel}")


def posted(form: Mapping[str, Any], before: Words) -> tuple[Words, list[Finding]]:
    """The words of a form; what isn't one of the channel's fields stays as it was. With what can't be read."""
    changed: dict[str, Any] = {}
    problems: list[Finding] = []
    for field in FIELDS[before.channel]:
        text = str(form.get(field.name, "")).replace("\r\n", "\n")
        if field.name != "data_template":
            changed[field.name] = text
            continue
        try:
            changed[field.name] = _object(text)
        except ValueError as error:
            problems.append(Finding(ERROR, field.name, *_why(error)))
    if before.channel == "email":
        changed["layout"] = str(form.get("layout", ""))
    return msgspec.structs.replace(before, **changed), problems


def shown(words: Words, name: str) -> str:
    """A field's value as the form shows it."""
    value = getattr(words, name)
    if isinstance(value, dict):
        return json.dumps(value, indent=2, ensure_ascii=False) if value else ""
    return str(value)


def _object(text: str) -> dict[str, Any]:
    value = json.loads(text) if text.strip() else {}
    if not isinstance(value, dict):
        raise ValueError('give an object such as {"order_id": "{{ order_id }}"}')
    return value


def _why(error: ValueError) -> tuple[str, int | None]:
    if isinstance(error, json.JSONDecodeError):
        return f"This is no JSON: {error.msg}", error.lineno
    return str(error), None
