"""What the editor asks while somebody writes: the preview, what may be wrong, and the draft kept."""

from __future__ import annotations

import json
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.views.decorators.http import require_POST

from foundation.errors import Conflict
from templates_app.drafts import change_text, draft_of, working_words
from templates_app.editor.access import may, permitted
from templates_app.editor.fields import posted, refuse_unknown
from templates_app.editor.looking import look
from templates_app.editor.page import state
from templates_app.lint.finding import ERROR, Finding, in_order
from templates_app.models import NotificationType
from templates_app.words import Words

SOURCE_MAX = 512 * 1024
"""Characters a form may bring."""


@require_POST
@permitted("view_notificationtype")
def live(request: HttpRequest, pk: int, channel: str, locale: str) -> JsonResponse:
    """The form as it stands; with `save` it goes into the draft.

    {"preview", "under", "findings", "state": HTML; "mail": a document; "errors": how many; "revision", "saved",
    "problem"}.
    """
    refuse_unknown(channel)
    kind = get_object_or_404(NotificationType, pk=pk)
    texts = working_words(kind)
    before = next((each for each in texts if (each.channel, each.locale) == (channel, locale)), Words(channel, locale))
    words, unread = posted(request.POST, before)
    data, unread_data = _data(request.POST.get("data", ""))
    unread += unread_data
    found = look(kind, words, [each for each in texts if each is not before], data)
    saved = _save(request, kind, words) if request.POST.get("save") and not unread_words(unread) else {}
    findings = in_order([*unread, *found.findings])
    return JsonResponse(
        {
            "preview": found.preview,
            "mail": found.mail,
            "under": found.under,
            "findings": render_to_string("templates_app/editor/findings.html", {"findings": findings}),
            "errors": sum(each.level == ERROR for each in findings),
            "state": render_to_string(
                "templates_app/editor/state.html", {"state": state(request, kind, draft_of(kind))}, request
            ),
            **saved,
        }
    )


def unread_words(problems: list[Finding]) -> bool:
    """Whether a field of the text itself couldn't be read; example data that can't is no reason not to save."""
    return any(each.field != "example" for each in problems)


def _save(request: HttpRequest, kind: NotificationType, words: Words) -> dict[str, Any]:
    if not may(request, "change_draft"):
        return {"problem": "You may look at this, and not change it."}
    if sum(len(str(getattr(words, name))) for name in ("title", "body", "html", "data_template")) > SOURCE_MAX:
        return {"problem": f"The text has more than {SOURCE_MAX} characters."}
    try:
        seen = int(request.POST.get("revision") or 0)
        return {"revision": change_text(kind, words, by=request.user.get_username(), revision=seen), "saved": True}
    except Conflict as conflict:
        return {"problem": f"{conflict.detail} {conflict.remedy or ''}"}
    except ValidationError as error:
        return {"problem": " ".join(error.messages)}


def _data(text: str) -> tuple[dict[str, Any], list[Finding]]:
    try:
        value = json.loads(text) if text.strip() else {}
    except json.JSONDecodeError as error:
        return {}, [Finding(ERROR, "example", f"The example data is no JSON: {error.msg}", error.lineno)]
    if not isinstance(value, dict):
        return {}, [Finding(ERROR, "example", 'The example data has to be an object such as {"order_id": "ord_1"}')]
    return value, []
