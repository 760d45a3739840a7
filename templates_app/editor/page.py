"""The editor: a type's channels and locales as tabs, the form on the left, what its readers see on the right."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone

from templates_app.drafts import draft_of, is_behind, written
from templates_app.editor.access import may, page_context, permitted
from templates_app.editor.fields import FIELDS, LABELS, refuse_unknown, shown
from templates_app.editor.looking import example_of, look
from templates_app.editor.trying import me
from templates_app.lint.names import OURS
from templates_app.models import Draft, DraftText, NotificationType, SharedHtml
from templates_app.models.variables import Variable
from templates_app.publish import published, written_of
from templates_app.variables.kinds import KINDS
from templates_app.words import Words

COMMON_LOCALES = ("en", "de", "fr", "es", "it", "nl", "pl", "pt-BR", "sv", "tr", "ja", "zh")


@permitted("view_notificationtype")
def first(request: HttpRequest, pk: int) -> HttpResponse:
    """To the first text there is."""
    kind = get_object_or_404(NotificationType, pk=pk)
    draft = draft_of(kind)
    texts = [written_of(row) for row in draft.texts.all()] if draft else published(kind)
    wanted = [each for each in texts if each.locale == kind.default_locale] or texts
    ordered = sorted(wanted, key=lambda each: _place(kind, each.channel))
    channel, locale = (ordered[0].channel, ordered[0].locale) if ordered else (kind.channels[0], kind.default_locale)
    return HttpResponseRedirect(address(kind, channel, locale))


@permitted("view_notificationtype")
def page(request: HttpRequest, pk: int, channel: str, locale: str) -> HttpResponse:
    """One text in the editor."""
    refuse_unknown(channel)
    kind = get_object_or_404(NotificationType, pk=pk)
    draft, old = draft_of(kind), {(each.channel, each.locale): each for each in written(published(kind))}
    rows = {(row.channel, row.locale): row for row in draft.texts.all()} if draft else {}
    new = {at: written_of(row) for at, row in rows.items()} if draft else old
    words = new.get((channel, locale), Words(channel, locale))
    look_now = look(kind, words, list(new.values()), example_of(kind))
    context = {
        **page_context(request, kind, title=f"Words of {kind.name}"),
        "words": words,
        "is_there": (channel, locale) in new,
        "channel": channel,
        "locale": locale,
        "fields": [{"its": field, "value": shown(words, field.name)} for field in FIELDS[channel]],
        "has_extra": any(field.is_extra for field in FIELDS[channel]),
        "layouts": SharedHtml.objects.filter(kind=SharedHtml.Kind.LAYOUT) if channel == "email" else [],
        "partials": SharedHtml.objects.filter(kind=SharedHtml.Kind.PARTIAL) if channel == "email" else [],
        "channels": _channel_tabs(kind, old, new, channel, locale),
        "locales": _locale_tabs(kind, old, new, channel, locale),
        "common_locales": COMMON_LOCALES,
        "chips": _chips(kind, channel),
        "optional": " ".join(row.path for row in kind.variables.all() if not row.required),
        "revision": _revision(rows.get((channel, locale))),
        "data": json.dumps(example_of(kind), indent=2, ensure_ascii=False),
        "look": look_now,
        "me": me(request),
        "may_see_events": may(request, "see_events"),
        "state": state(request, kind, draft),
    }
    return render(request, "templates_app/editor/page.html", context)


def state(request: HttpRequest, kind: NotificationType, draft: Draft | None) -> dict[str, Any]:
    """Where the draft stands, and what this person may do with it."""
    version = kind.versions.filter(number=kind.template_version).first()
    return {
        "kind": kind,
        "draft": draft,
        "version": version,
        "is_behind": bool(draft and is_behind(draft)),
        "is_closed": bool(draft and draft.is_proposed),
        "waits": bool(draft and draft.waits_for_approval),
        "is_own_proposal": bool(draft and draft.proposed_by == request.user.get_username()),
        "may_change": may(request, "change_draft"),
        "may_publish": may(request, "publish_template"),
        "may_approve": may(request, "approve_template"),
        "may_test": may(request, "test_template"),
        "now": timezone.now(),
    }


def address(kind: NotificationType, channel: str, locale: str) -> str:
    """Where a text is edited."""
    return reverse("admin:templates_app_words_text", args=[kind.pk, channel, locale])


def _place(kind: NotificationType, channel: str) -> int:
    return kind.channels.index(channel) if channel in kind.channels else len(kind.channels)


Texts = dict[tuple[str, str], Words]


def _channel_tabs(kind: NotificationType, old: Texts, new: Texts, channel: str, locale: str) -> list[dict[str, Any]]:
    tabs = []
    for name in sorted(LABELS, key=lambda each: _place(kind, each)):
        locales = sorted({at[1] for at in new if at[0] == name})
        to = locale if locale in locales or not locales else locales[0]
        tabs.append(
            {
                "label": LABELS[name],
                "url": address(kind, name, to),
                "active": name == channel,
                "state": _worst(_state(old, new, (name, each)) for each in locales) if locales else "missing",
                "is_default": name in kind.channels,
            }
        )
    return tabs


def _locale_tabs(kind: NotificationType, old: Texts, new: Texts, channel: str, locale: str) -> list[dict[str, Any]]:
    names = sorted({at[1] for at in {*new, *old}} | {locale}, key=lambda each: (each != kind.default_locale, each))
    return [
        {
            "label": name,
            "url": address(kind, channel, name),
            "active": name == locale,
            "state": _state(old, new, (channel, name)),
        }
        for name in names
    ]


def _state(old: Texts, new: Texts, at: tuple[str, str]) -> str:
    if at not in new:
        return "missing"
    return "published" if old.get(at) == new[at] else "draft"


def _worst(states: Any) -> str:
    return "draft" if "draft" in set(states) else "published"


def _chips(kind: NotificationType, channel: str) -> list[dict[str, str]]:
    """What a click puts into the text."""
    rows = list(kind.variables.all())
    fields = {row.path: [each.path for each in rows if each.path.startswith(f"{row.path}[].")] for row in rows}
    chips = [
        {
            "label": row.path,
            "text": _loop(row.path, fields[row.path]) if row.kind == "list" else _expression(row),
            "title": row.description or KINDS[row.kind].label,
        }
        for row in rows
        if "[]" not in row.path and row.kind != "object"
    ]
    ours = ("site", "recipient.id", *(("content.action_url",) if channel == "email" else ()))
    return chips + [
        {"label": name, "text": f"{{{{ {name} }}}}", "title": OURS[name.partition(".")[0]]} for name in ours
    ]


def _expression(row: Variable) -> str:
    return f"{{{{ {row.path}{KINDS[row.kind].hint} }}}}"


def _loop(path: str, fields: list[str]) -> str:
    inner = " ".join(f"{{{{ item.{field.removeprefix(f'{path}[].')} }}}}" for field in fields) or "{{ item }}"
    return f"{{% for item in {path} %}}\n{inner}\n{{% endfor %}}"


def _revision(row: DraftText | None) -> int:
    return row.revision if row else 0
