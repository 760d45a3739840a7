"""The form that builds a condition: a widget that draws a draft, and a field that reads it back."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from foundation.errors import InvalidRequest
from preferences.models import User
from preferences.segments import conditions
from preferences.segments.conditions import parse_condition
from preferences.segments.drafts import ROOT, Draft, condition, draft_of, read
from preferences.segments.kinds import FIRST, GROUP, KINDS
from preferences.type_names import type_names

USERS_LOOKED_AT = 500
SUGGESTED = 100


class BuilderWidget(forms.Widget):
    """Draws the tree; its value is a draft, or a condition's JSON as stored."""

    class Media:
        css = {"all": ["preferences/people.css"]}

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Draft:
        return read(data)

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return f"{ROOT}.kind" not in data

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        return drawn(value if isinstance(value, Draft) else _of_stored(value))


class ConditionField(forms.Field):
    """A condition as its JSON."""

    widget = BuilderWidget

    def clean(self, value: Any) -> dict[str, Any]:
        try:
            return conditions.stored(condition(value))
        except InvalidRequest as error:
            raise forms.ValidationError(error.detail) from error

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return parse_condition(initial or {}) != condition(data)
        except InvalidRequest:
            return True


def drawn(draft: Draft) -> SafeString:
    """The builder's HTML."""
    context = {"root": _view(draft, ROOT), "suggestions": suggestions()}
    return mark_safe(render_to_string("preferences/segment/builder.html", context))  # noqa: S308  drawn by a template


def suggestions() -> dict[str, list[str]]:
    """What texts may be filled with: from the users registered last."""
    users = User.objects.filter(erased_at=None).order_by("-pk")[:USERS_LOOKED_AT]
    rows = list(users.values_list("attributes", "locale", "time_zone"))
    found = {
        "attributes": {name for attributes, _, _ in rows if isinstance(attributes, dict) for name in attributes},
        "locales": {locale for _, locale, _ in rows if locale},
        "time_zones": {zone for _, _, zone in rows},
        "types": set(type_names()),
    }
    return {name: sorted(values)[:SUGGESTED] for name, values in found.items()}


def _of_stored(value: Any) -> Draft:
    """None is a new segment, which begins with a condition to fill in; {} is everybody."""
    if value is None:
        return Draft(of=[Draft(kind=FIRST)])
    return draft_of(parse_condition(json.loads(value) if isinstance(value, str) else value))


def _view(draft: Draft, place: str) -> dict[str, Any]:
    """A draft as the template draws it."""
    view: dict[str, Any] = {
        "place": place,
        "id": f"seg-{place}",
        "kind": draft.kind,
        "negated": draft.negated,
        "is_root": place == ROOT,
        "acts": {act: json.dumps({"act": f"{act}:{place}"}) for act in ("add", "group", "remove")},
    }
    if draft.kind == GROUP:
        return view | {"join": draft.join, "of": [_view(each, f"{place}-{at}") for at, each in enumerate(draft.of)]}
    kind = KINDS[draft.kind]
    fields = [
        {
            **field._asdict(),
            "choices": field.choices() if callable(field.choices) else field.choices,
            "value": draft.values.get(field.name, ""),
            "hidden": field.name == "value" and draft.values.get("op") == "known",
        }
        for field in kind.fields
    ]
    return view | {"verbs": [("", kind.as_it_is), ("1", kind.negated)], "fields": fields}
