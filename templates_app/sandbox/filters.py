"""The filters and tests a template may use. Each is charged for what it is given; none makes much out of little."""

from __future__ import annotations

from datetime import date, datetime, time
from functools import lru_cache, wraps
from typing import Any

from babel import UnknownLocaleError
from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_currency, format_decimal, format_percent
from jinja2 import pass_context
from jinja2.exceptions import TemplateRuntimeError
from jinja2.filters import FILTERS
from jinja2.runtime import Context, Undefined
from jinja2.tests import TESTS
from jinja2.utils import _PassArg

from templates_app.sandbox.budget import CHARS_A_UNIT, Budget
from templates_app.sandbox.grammar import CHARGE, SCALAR, STEPS, TEXT
from templates_app.sandbox.plurals import plural

BUDGET, LOCALE = "budget!", "locale!"
"""Where a context keeps its budget and its text's locale: names that no template can write."""

FILTER_COST = 4
MOST_DIGITS = 10
PLAIN = (
    *("abs", "capitalize", "count", "d", "default", "e", "escape", "first", "float", "int", "last", "length", "list"),
    *("lower", "max", "min", "reverse", "sort", "string", "title", "trim", "truncate"),
    *("unique", "upper", "urlencode", "wordcount", "map", "select", "reject", "selectattr", "rejectattr"),
)
TEST_NAMES = (
    *("boolean", "defined", "undefined", "divisibleby", "even", "odd", "false", "true", "float", "integer", "mapping"),
    *("none", "number", "sequence", "string", "iterable"),
)


def build_filters() -> dict[str, Any]:
    """All filters by name, counting ones included."""
    own = {
        **{"join": _join, "replace": _replace, "round": _round, "tojson": _tojson},
        **{"money": _money, "number": _number, "percent": _percent, "plural": _plural},
        **{"date": _date, "time": _time, "datetime": _datetime},
    }
    counting = {STEPS: _steps, CHARGE: _charge, TEXT: _text, SCALAR: _scalar}
    return {
        **{name: _charged(FILTERS[name]) for name in PLAIN},
        **{name: _charged(function) for name, function in own.items()},
        **counting,
    }


def build_tests() -> dict[str, Any]:
    """All tests by name."""
    return {name: TESTS[name] for name in TEST_NAMES}


def budget_of(context: Context) -> Budget:
    """The running rendering's budget."""
    budget: Budget = context.parent[BUDGET]
    return budget


def _charged(function: Any) -> Any:
    """`function` as a filter that pays for its input and its arguments first."""
    first = _PassArg.from_obj(function)

    @pass_context
    @wraps(function, assigned=("__name__", "__doc__"), updated=())
    def run(context: Context, value: Any, *args: Any, **kwargs: Any) -> Any:
        budget = context.parent[BUDGET]
        budget.spend(FILTER_COST)
        value = budget.charge(value)
        for argument in args:
            if type(argument) is not str or len(argument) >= CHARS_A_UNIT:
                budget.charge(argument)
        if first is None:
            return function(value, *args, **kwargs)
        return function(_first_argument(first, context), value, *args, **kwargs)

    return run


def _first_argument(kind: _PassArg, context: Context) -> Any:
    if kind is _PassArg.context:
        return context
    return context.eval_ctx if kind is _PassArg.eval_context else context.environment


@pass_context
def _steps(context: Context, values: Any, weight: int) -> Any:
    if isinstance(values, Undefined):
        return values
    return budget_of(context).steps(values, max(1, weight))


@pass_context
def _charge(context: Context, value: Any) -> Any:
    return budget_of(context).charge(value)


@pass_context
def _text(context: Context, value: Any) -> Any:
    return budget_of(context).charge(_only_scalar(value))


@pass_context
def _scalar(context: Context, value: Any) -> Any:
    return _only_scalar(value)


def _only_scalar(value: Any) -> Any:
    if isinstance(value, dict | list | tuple | range):
        raise TemplateRuntimeError("a list or an object can't be part of a text; name the field of it that you want")
    return value


@pass_context
def _join(context: Context, values: Any, separator: str = "") -> Any:
    items = list(values)
    budget_of(context).spend(len(items) * (1 + len(separator) // CHARS_A_UNIT))
    for item in items:
        budget_of(context).charge(_only_scalar(item))
    return FILTERS["join"](context.eval_ctx, items, separator)


@pass_context
def _replace(context: Context, text: Any, old: str, new: str) -> Any:
    if type(text) is str:
        budget_of(context).spend(text.count(old) * (1 + len(new) // CHARS_A_UNIT))
        if not context.eval_ctx.autoescape:
            return text.replace(old, new)
    else:
        budget_of(context).spend(str(text).count(old) * (1 + len(new) // CHARS_A_UNIT))
    return FILTERS["replace"](context.eval_ctx, text, old, new)


def _round(value: Any, digits: int = 0) -> float:
    """`{{ 4.26 | round(1) }}` → 4.3; at most ten digits, since 10**digits is worked out."""
    return round(float(value), max(0, min(MOST_DIGITS, digits)))


@pass_context
def _tojson(context: Context, value: Any) -> Any:
    """JSON fit for a script or an attribute, without the indentation that could make it large."""
    return FILTERS["tojson"](context.eval_ctx, value)


def _locale(context: Context) -> str:
    return str(context.parent[LOCALE]).replace("-", "_")


@pass_context
def _money(context: Context, amount: Any, currency: str) -> str:
    """`{{ 49.9 | money("EUR") }}` → €49.90 or 49,90 €, as the text's locale writes it."""
    return _format_money(float(amount), currency, _locale(context))


@pass_context
def _number(context: Context, value: Any) -> str:
    """`{{ 12000 | number }}` → 12,000 or 12.000."""
    return _format_number(float(value), _locale(context))


@pass_context
def _percent(context: Context, value: Any) -> str:
    """`{{ 0.25 | percent }}` → 25% or 25 %."""
    return _format_percent(float(value), _locale(context))


@pass_context
def _plural(context: Context, count: Any, **forms: Any) -> str:
    """`{{ count | plural(one="one item", other="# items") }}`: the form that the text's language uses for `count`."""
    for words in forms.values():
        budget_of(context).charge(_only_scalar(words))
    return plural(float(count), tuple((name, str(words)) for name, words in forms.items()), _locale(context))


@pass_context
def _date(context: Context, value: Any, style: str = "long") -> str:
    """`{{ "2026-02-23" | date }}` → February 23, 2026; styles short, medium, long, full."""
    return _format_date("date", str(value), style, _locale(context))


@pass_context
def _time(context: Context, value: Any, style: str = "short") -> str:
    """The time of day of an RFC 3339 time, in the zone it is given in."""
    return _format_date("time", str(value), style, _locale(context))


@pass_context
def _datetime(context: Context, value: Any, style: str = "medium") -> str:
    """Date and time of an RFC 3339 time, in the zone it is given in."""
    return _format_date("datetime", str(value), style, _locale(context))


@lru_cache(maxsize=8192)
def _format_money(amount: float, currency: str, locale: str) -> str:
    try:
        return str(format_currency(amount, currency, locale=locale))
    except UnknownLocaleError:
        return f"{amount:.2f} {currency}"


@lru_cache(maxsize=8192)
def _format_number(value: float, locale: str) -> str:
    try:
        return str(format_decimal(value, locale=locale))
    except UnknownLocaleError:
        return f"{value:g}"


@lru_cache(maxsize=8192)
def _format_percent(value: float, locale: str) -> str:
    try:
        return str(format_percent(value, locale=locale))
    except UnknownLocaleError:
        return f"{value:.0%}"


@lru_cache(maxsize=8192)
def _format_date(kind: str, text: str, style: str, locale: str) -> str:
    if style not in ("short", "medium", "long", "full"):
        raise TemplateRuntimeError(f"a date's style is short, medium, long or full, not {style!r}")
    stamp = datetime.fromisoformat(text)
    try:
        return str(_format(kind, stamp, style, locale))
    except UnknownLocaleError:
        return text


def _format(kind: str, stamp: datetime, style: Any, locale: str) -> str:
    if kind == "date":
        return format_date(date(stamp.year, stamp.month, stamp.day), style, locale=locale)
    if kind == "time":
        return format_time(time(stamp.hour, stamp.minute, stamp.second), style, locale=locale)
    return format_datetime(stamp.replace(tzinfo=None), style, locale=locale)
