"""Rendering: data in, content per channel out. Bounded in work and size, safe in threads; no item harms another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from foundation.errors import TemplateError
from templates_app.catalog import get_catalog
from templates_app.compiled import CompiledText
from templates_app.content import Content, NoTemplate, RenderRequest
from templates_app.copies import Entry
from templates_app.sandbox.data import refuse_unfit
from templates_app.texts import TEXTS

Rendered = Content | NoTemplate | TemplateError


def render(requests: Sequence[RenderRequest]) -> list[Rendered]:
    """An answer for each request, in order.

    `NoTemplate` where the type is gone or has no text for the channel; `TemplateError`, which names template and line,
    where the text fails on this data. Requests that share one `data` object and a text that reads nothing of the
    recipient share one rendering. Raises ControlPlaneUnavailable when texts are missing and can't be read: the whole
    batch has to come again.
    """
    catalog = get_catalog()
    entries = {name: catalog.entry(name) for name in {request.type for request in requests}}
    TEXTS.load((entry.key, _version(request, entry)) for request in requests if (entry := entries[request.type]))
    batch = _Batch()
    return [batch.render(request, entries[request.type]) for request in requests]


def reads_recipient(request: RenderRequest) -> bool:
    """Whether what `request` yields is one user's only: its text reads of the recipient. Raises as `render` does."""
    entry = get_catalog().entry(request.type)
    if entry is None:
        return False
    TEXTS.load([(entry.key, _version(request, entry))])
    text = TEXTS.get(entry, _version(request, entry), request.channel, request.locale)
    return isinstance(text, CompiledText) and text.personal


def _version(request: RenderRequest, entry: Entry) -> int:
    return request.template_version or entry.facts.template_version


class _Batch:
    """What one batch has checked and rendered already. Keys hold `id(data)`: the requests keep the objects alive."""

    def __init__(self) -> None:
        self._unfit: dict[int, str] = {}
        self._shared: dict[tuple[CompiledText, int], Rendered] = {}

    def render(self, request: RenderRequest, entry: Entry | None) -> Rendered:
        if entry is None:
            return NoTemplate(request.type, request.channel)
        text = TEXTS.get(entry, _version(request, entry), request.channel, request.locale)
        if text is None:
            return NoTemplate(request.type, request.channel)
        if isinstance(text, TemplateError):
            return text
        if text.personal:
            return self._run(text, request)
        at = (text, id(request.data))
        if at not in self._shared:
            self._shared[at] = self._run(text, request)
        return self._shared[at]

    def _run(self, text: CompiledText, request: RenderRequest) -> Rendered:
        unfit = self._why_unfit(request.data)
        if unfit:
            return TemplateError(unfit, template=text.name)
        try:
            return text.render(request.data, request.recipient)
        except TemplateError as error:
            return error

    def _why_unfit(self, data: Any) -> str:
        why = self._unfit.get(id(data))
        if why is None:
            try:
                refuse_unfit(data)
                why = ""
            except ValueError as error:
                why = str(error)
            self._unfit[id(data)] = why
        return why
