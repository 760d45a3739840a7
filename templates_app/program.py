"""One template source, compiled: what runs it, and where its errors are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2 import Template, meta, nodes
from jinja2.exceptions import TemplateError as JinjaError
from jinja2.exceptions import TemplateSyntaxError
from jinja2.runtime import Context

from foundation.errors import TemplateError
from templates_app.sandbox.environment import html_environment, text_environment

MAX_SOURCE = 512 * 1024
"""Characters a source may have, the layout's included."""


class TooMuchOutput(JinjaError):
    """The template yields more than its field may hold."""


def same_line(line: int) -> int:
    """For sources that run as they were written."""
    return line


class Program:
    """A compiled source. `name` is what errors call it, `names` are the variables it reads.

    `line_of` turns a line of what runs into the author's, where the two differ (inlined HTML).
    """

    __slots__ = ("_constant", "_line_of", "_template", "limit", "name", "names")

    def __init__(
        self, source: str, *, name: str, limit: int, escape: bool = False, line_of: Callable[[int], int] = same_line
    ) -> None:
        """Raises TemplateError with the line when the source can't be compiled. `limit`: bytes it may yield."""
        self.name, self.limit, self._line_of = name, limit, line_of
        self._template: Template | None = None
        self._constant = source if "{" not in source else None
        self.names: frozenset[str] = frozenset()
        if self._constant is None:
            self._template = self._compile(source, escape)

    def _compile(self, source: str, escape: bool) -> Template:
        environment = html_environment() if escape else text_environment()
        if len(source) > MAX_SOURCE:
            raise TemplateError(f"the source has more than {MAX_SOURCE} characters", template=self.name)
        try:
            tree: nodes.Template = environment.parse(source)
            self.names = frozenset(meta.find_undeclared_variables(tree))
            return environment.from_string(source)
        except TemplateSyntaxError as error:
            raise self._error(str(error.message), error.lineno) from error
        except (JinjaError, SyntaxError, RecursionError, MemoryError, ValueError) as error:
            raise self._error(f"it can't be compiled: {error}", None) from error

    def run(self, variables: dict[str, Any]) -> str:
        """The text that `variables` give. Raises TemplateError with the line, and for more than `limit` bytes."""
        if self._constant is not None:
            return self._constant
        template = self._template
        assert template is not None
        try:
            pieces = template.root_render_func(Context(template.environment, variables, template.name, {}))
            return self._collect(pieces)
        except TooMuchOutput as error:
            frame = pieces.gi_frame  # where it stopped; none when it had ended
            raise self._error(
                _reason(error), template.get_corresponding_lineno(frame.f_lineno) if frame else None
            ) from error
        except Exception as error:  # a template is somebody's program: whatever it raises is its own error
            raise self._error(_reason(error), _line(error, template)) from error

    def _collect(self, pieces: Any) -> str:
        kept: list[str] = []
        size, limit = 0, self.limit
        for piece in pieces:
            size += len(piece)
            if size > limit:
                raise TooMuchOutput(f"it yields more than {limit} bytes")
            kept.append(piece)
        text = "".join(kept)
        if not text.isascii() and len(text.encode()) > limit:
            raise TooMuchOutput(f"it yields more than {limit} bytes")
        return text

    def _error(self, reason: str, line: int | None) -> TemplateError:
        return TemplateError(reason, template=self.name, line=self._line_of(line) if line else None)


def _reason(error: Exception) -> str:
    if isinstance(error, JinjaError):
        return str(error.message or error)
    return f"{type(error).__name__}: {error}"


def _line(error: Exception, template: Template) -> int | None:
    """The template's line in which `error` arose: the innermost frame that is the template's own code."""
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_globals.get("__jinja_template__") is template:
            line = template.get_corresponding_lineno(trace.tb_lineno)
        trace = trace.tb_next
    return line
