"""The live preview in the admin: what the words in the form would yield with the example data."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, JsonResponse

from foundation.errors import TemplateError
from templates_app.compiled import CompiledText
from templates_app.forms import field_of
from templates_app.models import CHANNELS, NotificationType, TemplateText
from templates_app.recipient import shown
from templates_app.sandbox.data import refuse_unfit
from templates_app.words import Words

RECIPIENT = "usr_42"


def preview(request: HttpRequest) -> JsonResponse:
    """POST the form's fields: {"content": {…}} or {"error": {"field", "line", "reason"}}."""
    try:
        kind = NotificationType.objects.filter(pk=request.POST.get("type") or 0).first()
        text = CompiledText(_words(request.POST), name="preview", type_name=kind.name if kind else "", version=0)
        whom = shown(RECIPIENT, request.POST.get("locale", ""), channel=request.POST.get("channel", ""))
        content = text.render(_example(request.POST, kind), whom)
    except TemplateError as error:
        return _problem(field_of(error), error.reason, error.line)
    except ValueError as error:
        return _problem("example", str(error), None)
    fields = ("title", "body", "html", "action_url", "image", "data")
    return JsonResponse({"content": {field: getattr(content, field) for field in fields}})


def _words(form: Any) -> Words:
    channel = form.get("channel", "")
    if channel not in dict(CHANNELS):
        raise TemplateError("choose a channel", template="preview channel")
    fields = {name: form.get(name, "") for name in TemplateText.WORDS[:-1]}
    return Words(channel, form.get("locale") or "en", **fields, data_template=_object(form, "data_template"))


def _example(form: Any, kind: NotificationType | None) -> dict[str, Any]:
    data = _object(form, "example") or (kind.example if kind else {})
    refuse_unfit(data)
    return data


def _object(form: Any, field: str) -> dict[str, Any]:
    try:
        value = json.loads(form.get(field) or "{}")
    except json.JSONDecodeError as error:
        raise TemplateError(f"no JSON: {error.msg}", template=f"preview {field}", line=error.lineno) from error
    if not isinstance(value, dict):
        raise TemplateError("give an object", template=f"preview {field}")
    return value


def _problem(field: str, reason: str, line: int | None) -> JsonResponse:
    return JsonResponse({"error": {"field": field, "line": line, "reason": reason}})
