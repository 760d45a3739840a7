"""One text of a template, compiled for repeated use: data in, `Content` out."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from jinja2.runtime import Context

from foundation.errors import TemplateError
from templates_app import layout_words
from templates_app.content import Content
from templates_app.email_html import ready
from templates_app.program import Program, html_context, text_context
from templates_app.sandbox.budget import Budget
from templates_app.sandbox.environment import text_environment
from templates_app.sandbox.filters import BUDGET, LOCALE
from templates_app.sharing import LAYOUT, expanded, key_of
from templates_app.words import Words

TITLE_MAX, URL_MAX, DATA_MAX = 998, 2_048, 8_192
"""Bytes. 998 is the longest line a mail's header may have (RFC 5322 §2.1.1)."""
BODY_MAX = {"in_app": 8_192, "push": 3_072, "email": 65_536, "sms": 1_600}
DATA_FIELDS_MAX = 64

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_URL = re.compile(r"(https?://[^\s/\\]+[^\s\\]*|/(?![/\\])[^\s\\]*)\Z", re.IGNORECASE)


class CompiledText:
    """A text ready to be rendered. `personal`: it reads of the recipient, so what it yields is one user's only."""

    def __init__(self, words: Words, *, name: str, type_name: str, version: int) -> None:
        """Raises TemplateError, with field and line, when a source can't be compiled."""
        self._words, self._type, self._version, self.name = words, type_name, version, name
        self._title = self._program("title", TITLE_MAX)
        self._body = self._program("body", BODY_MAX[words.channel])
        self._action_url = self._program("action_url", URL_MAX)
        self._image = self._program("image", URL_MAX)
        self._data = self._compile_data(words.data_template)
        self._html = self._compile_html() if words.html else None
        programs = [self._title, self._body, self._action_url, self._image, *self._data.values(), self._html]
        self.personal = any("recipient" in program.names for program in programs if program)

    def _program(self, field: str, limit: int) -> Program:
        return Program(getattr(self._words, field).rstrip(), name=f"{self.name} {field}", limit=limit)

    def _compile_data(self, template: dict[str, Any]) -> dict[str, Program]:
        if len(template) > DATA_FIELDS_MAX:
            raise TemplateError(f"more than {DATA_FIELDS_MAX} fields", template=f"{self.name} data")
        return {
            field: Program(str(source), name=f"{self.name} data.{field}", limit=DATA_MAX)
            for field, source in template.items()
        }

    def _compile_html(self) -> Program:
        name, limit, shared = f"{self.name} html", settings.TEMPLATE_HTML_MAX_BYTES, self._words.shared
        html = expanded(self._words.html, shared, name=name)
        Program(html, name=name, limit=limit, escape=True)  # for errors with the author's own lines
        source, line_of = ready(html, self._layout())
        return Program(source, name=name, limit=limit, escape=True, line_of=line_of)

    def _layout(self) -> str:
        layout, name = self._words.layout, f"{self.name} layout"
        source = self._words.shared.get(key_of(LAYOUT, layout)) if layout else ""
        if source is None:
            raise TemplateError(f"there is no layout {layout!r}", template=name)
        return expanded(source, self._words.shared, name=name)

    def render(self, data: dict[str, Any], recipient: dict[str, Any]) -> Content:
        """What `data` makes of the text. Raises TemplateError with field and line."""
        variables = {
            **text_environment().globals,
            **data,
            "recipient": recipient,
            "site": settings.PUBLIC_URL,
            BUDGET: Budget(settings.TEMPLATE_WORK_MAX),
            LOCALE: self._words.locale,
        }
        context = text_context(variables)
        title = one_line(self._title.run(context))
        action_url, image = self._url(self._action_url, context), self._url(self._image, context)
        body = self._render_body(variables, context, title, action_url, image)
        return Content(
            title=title,
            body=body,
            html=self._render_html(variables, title, body, action_url, image) if self._html else "",
            action_url=action_url,
            image=image,
            data={field: program.run(context) for field, program in self._data.items()},
            locale=self._words.locale,
            template=self._type,
            template_version=self._version,
        )

    def _render_body(self, variables: dict[str, Any], context: Context, title: str, action_url: str, image: str) -> str:
        """A mail's text part knows where its button leads, as its HTML does."""
        if self._words.channel == "email" and "content" in self._body.names:
            mail = {"title": title, "action_url": absolute(action_url), "image": absolute(image)}
            context = text_context({**variables, "content": mail})
        return without_control(self._body.run(context)).strip()

    def _render_html(self, variables: dict[str, Any], title: str, body: str, action_url: str, image: str) -> str:
        locale = self._words.locale
        variables["content"] = {
            **{"title": title, "body": body, "action_url": absolute(action_url), "image": absolute(image)},
            **{"locale": locale, "brand": settings.TEMPLATE_BRAND},
            **{"footer": layout_words.footer(locale), "unsubscribe": layout_words.unsubscribe(locale)},
            **{"preferences": layout_words.preferences(locale)},
        }
        assert self._html is not None
        return self._html.run(html_context(variables))

    def _url(self, program: Program, context: Context) -> str:
        url = program.run(context).strip()
        if url and not _URL.match(url):
            raise TemplateError("it must be an http(s) address or a path that begins with one /", template=program.name)
        return url


def one_line(text: str) -> str:
    """A title or subject: white space becomes single spaces, control characters go (header injection)."""
    return text if text.isprintable() and "  " not in text else _CONTROL.sub("", " ".join(text.split()))


def without_control(text: str) -> str:
    """A body: control characters other than tab and new line go."""
    return text if text.isprintable() else _CONTROL.sub("", text.replace("\r\n", "\n"))


def absolute(url: str) -> str:
    """A path of ours as an address that works from a mail."""
    return settings.PUBLIC_URL + url if url.startswith("/") else url
