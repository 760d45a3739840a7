"""What a type's words show, asked for variable by variable: a field each, so that nobody has to write JSON.

What stands for a variable is what its author declared: its kind, its example (as a placeholder: an example that is left
standing would go out), what it means. Types that declare none take JSON.
"""

from __future__ import annotations

import json
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from templates_app.models import Variable
from templates_app.variables.kinds import KINDS

PREFIX = "variable_"
KIND = "data-kind"
AS_JSON = ("number", "integer", "boolean", "list", "object")
YES_NO = [("", "–"), ("true", "yes"), ("false", "no")]


def fields(type: str) -> dict[str, forms.Field]:
    """A field for each variable of the type, those inside of lists and groups left out; {} for a type without."""
    rows = Variable.objects.filter(type__name=type)
    return {f"{PREFIX}{row.path}": _field(row) for row in rows if row.path.isidentifier()}


def shown(value: Any) -> str:
    """A value as one writes it into its field."""
    return value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)


def split(data: dict[str, Any], asked: dict[str, forms.Field]) -> tuple[dict[str, str], dict[str, Any]]:
    """(the fields' texts, what has no field) of a broadcast's data."""
    named = {name: shown(data[name.removeprefix(PREFIX)]) for name in asked if name.removeprefix(PREFIX) in data}
    return named, {name: value for name, value in data.items() if f"{PREFIX}{name}" not in asked}


def values(cleaned: dict[str, Any], asked: dict[str, forms.Field]) -> dict[str, Any]:
    """The data that the fields give: each text as a value of its kind, the empty ones left out."""
    return {
        name.removeprefix(PREFIX): _value(cleaned[name], field.widget.attrs[KIND])
        for name, field in asked.items()
        if cleaned.get(name)
    }


def _field(row: Variable) -> forms.Field:
    its, example = KINDS[row.kind], shown(row.example)
    label = f"{row.path}" + ("" if row.required else " (may be left out)")
    help_text = f"{row.description}; {its.like}" if row.description else its.like
    attributes = {"placeholder": example, "autocomplete": "off", KIND: row.kind}
    field: forms.Field
    if row.kind == "boolean":
        field = forms.ChoiceField(
            choices=YES_NO, required=False, widget=UnfoldAdminSelectWidget(attrs={KIND: row.kind})
        )
    elif row.kind in ("list", "object"):
        field = forms.CharField(required=False, widget=UnfoldAdminTextareaWidget(attrs={**attributes, "rows": 4}))
        help_text += ", as JSON"
    else:
        field = forms.CharField(required=False, widget=UnfoldAdminTextInputWidget(attrs=attributes))
    field.label, field.help_text = label, help_text
    return field


def _value(text: str, kind: str) -> Any:
    """What can't be read as its kind stays a text, which acceptance then refuses with the field named."""
    if kind not in AS_JSON:
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
