"""The two Jinja2 environments, one for plain text and one that escapes for HTML, both sandboxed and counted."""

from __future__ import annotations

import operator
from functools import cache
from typing import Any

from jinja2 import StrictUndefined, nodes
from jinja2.exceptions import SecurityError, TemplateRuntimeError
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from templates_app.sandbox.filters import budget_of, build_filters, build_tests
from templates_app.sandbox.grammar import prepare

METHODS: dict[type, frozenset[str]] = {
    dict: frozenset({"get", "items", "keys", "values"}),
    str: frozenset(
        {"capitalize", "endswith", "lower", "lstrip", "removeprefix", "removesuffix", "rstrip", "split", "startswith"}
        | {"strip", "title", "upper"}
    ),
    LoopContext: frozenset(
        {"cycle", "changed", "depth", "depth0", "first", "index", "index0", "last", "length", "nextitem", "previtem"}
        | {"revindex", "revindex0"}
    ),
}
"""What may follow a dot, besides an object's own fields (which come first: `order.items` is the field)."""

CALL_COST = 4
LARGEST_NUMBER = 2**63


class CountedEnvironment(ImmutableSandboxedEnvironment):
    """Jinja2's sandbox with the grammar of `templates_app.sandbox.grammar`, scalars out, and all work counted."""

    intercepted_binops = frozenset({"+", "-", "*", "%"})

    def __init__(self, *, escape: bool) -> None:
        super().__init__(
            autoescape=escape, undefined=StrictUndefined, finalize=printable, trim_blocks=True, lstrip_blocks=True
        )
        self.filters = build_filters()
        self.tests = build_tests()
        self.globals = {"range": self.globals["range"]}

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        return prepare(self, super()._parse(source, name, filename))

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A field of an object, else one of the allowed methods, else undefined."""
        if isinstance(obj, dict) and attribute in obj:
            return obj[attribute]
        for kind, names in METHODS.items():
            if isinstance(obj, kind) and attribute in names:
                return getattr(obj, attribute)
        if isinstance(obj, StrictUndefined):
            return obj  # says which name is undefined, not that "undefined" lacks a field
        return self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """An element or a field; undefined when there is none."""
        try:
            return obj[argument]
        except (TypeError, LookupError):
            return self.undefined(obj=obj, name=argument)

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        """Calls `range` or an allowed method, paying for the text it works on."""
        owner = getattr(__obj, "__self__", None)
        budget = budget_of(__context)
        budget.spend(CALL_COST)
        if __obj is not __self.globals["range"] and not isinstance(owner, dict | str | LoopContext):
            raise SecurityError("only fields, filters, range() and loop can be used here")
        if isinstance(owner, str):
            budget.charge(owner)
        return super().call(__context, __obj, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic on numbers of bounded size; + also joins texts, for what that costs."""
        if operator == "+" and isinstance(left, str) and isinstance(right, str):
            return budget_of(context).charge(left + right)
        if not isinstance(left, int | float) or not isinstance(right, int | float):
            return _refuse(operator, left, right)
        result = _ARITHMETIC[operator](left, right)
        if abs(result) >= LARGEST_NUMBER:
            raise TemplateRuntimeError("a number gets too large")
        return result


_ARITHMETIC = {"+": operator.add, "-": operator.sub, "*": operator.mul, "%": operator.mod}


def _refuse(operator: str, left: Any, right: Any) -> Any:
    for side in (left, right):
        if isinstance(side, StrictUndefined):
            str(side)  # says which name is undefined
    raise TemplateRuntimeError(f"{operator} works on numbers; join texts with ~")


def printable(value: Any) -> Any:
    """What an expression prints: a scalar as it is, nothing for null.

    Raises TemplateRuntimeError for a list or an object, which nobody wants to read.
    """
    if value is None:
        return ""
    if isinstance(value, dict | list | tuple | range):
        raise TemplateRuntimeError("this is a list or an object; name the field of it that you want, or loop over it")
    return value


@cache
def text_environment() -> CountedEnvironment:
    """For everything but HTML."""
    return CountedEnvironment(escape=False)


@cache
def html_environment() -> CountedEnvironment:
    """For HTML: what data brings is escaped."""
    return CountedEnvironment(escape=True)
