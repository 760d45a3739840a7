"""One template source, compiled: what runs it, and where its errors are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2 import Template, nodes
from jinja2.exceptions import TemplateError as JinjaError
from jinja2.exceptions import TemplateSyntaxError
from jinja2.runtime import Context

from foundation.errors import TemplateError
from templates_app.sandbox.environment import html_environment, text_environment

MAX_SOURCE = 512 * 1024
"""Characters a source may have, the layout's included."""

FEW_PIECES = 64
"""Up to so many expressions outside of any loop are joined first and measured then."""


def text_context(variables: dict[str, Any]) -> Context:
    """Variables for programs that yield text."""
    return Context(text_environment(), variables, None, {})


def html_context(variables: dict[str, Any]) -> Context:
    """Variables for programs that escape."""
    return Context(html_environment(), variables, None, {})


class TooMuchOutput(JinjaError):
    """The template yields more than its field may hold."""


def same_line(line: int) -> int:
    """For sources that run as they were written."""
    return line


class Program:
    """A compiled source. `name` is what errors call it, `names` are the names in it.

    `line_of` turns a line of what runs into the author's, where the two differ (inlined HTML).
    """

    __slots__ = ("_assigns", "_constant", "_few_pieces", "_line_of", "_template", "limit", "name", "names")

    def __init__(
        self, source: str, *, name: str, limit: int, escape: bool = False, line_of: Callable[[int], int] = same_line
    ) -> None:
        """Raises TemplateError with the line when the source can't be compiled. `limit`: bytes it may yield."""
        self.name, self.limit, self._line_of = name, limit, line_of
        self._template: Template | None = None
        self._constant = source
        self._assigns = self._few_pieces = False
        self.names: frozenset[str] = frozenset()
        if "{" in source:
            self._template = self._compile(source, escape)

    def _compile(self, source: str, escape: bool) -> Template:
        environment = html_environment() if escape else text_environment()
        if len(source) > MAX_SOURCE:
            raise TemplateError(f"the source has more than {MAX_SOURCE} characters", template=self.name)
        try:
            tree: nodes.Template = environment.parse(source)
            self._look_at(tree)
            return environment.from_string(tree)
        except TemplateSyntaxError as error:
            raise self._error(str(error.message), error.lineno) from error
        except (JinjaError, SyntaxError, RecursionError, MemoryError, ValueError) as error:
            raise self._error(f"it can't be compiled: {error}", None) from error

    def _look_at(self, tree: nodes.Template) -> None:
        self.names = frozenset(node.name for node in tree.find_all(nodes.Name))
        self._assigns = tree.find(nodes.Assign) is not None
        pieces = sum(len(output.nodes) for output in tree.find_all(nodes.Output))
        self._few_pieces = pieces <= FEW_PIECES and tree.find(nodes.For) is None

    def run(self, context: Context) -> str:
        """The text that the variables in `context` give (`text_context`, `html_context`); programs may share it.

        Raises TemplateError with the line, also for more than `limit` bytes.
        """
        template = self._template
        if template is None:
            return self._constant
        if self._assigns:
            context = Context(context.environment, context.parent, None, {})  # what it sets is its own
        pieces: Any = None
        try:
            pieces = template.root_render_func(context)
            return self._bounded("".join(pieces)) if self._few_pieces else self._collect(pieces)
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
        return self._bounded("".join(kept))

    def _bounded(self, text: str) -> str:
        size = len(text) if text.isascii() else len(text.encode())
        if size > self.limit:
            raise TooMuchOutput(f"it yields more than {self.limit} bytes")
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
