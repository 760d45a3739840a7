"""Counting words as a language counts them (CLDR's plural categories, through Babel)."""

from __future__ import annotations

from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.numbers import format_decimal
from jinja2.exceptions import TemplateRuntimeError

CATEGORIES = ("zero", "one", "two", "few", "many", "other")
NUMBER = "#"


@lru_cache(maxsize=8192)
def plural(count: float, forms: tuple[tuple[str, str], ...], locale: str) -> str:
    """The form of `forms` (category, words) that `locale` uses for `count`; # in it is the number.

    "0" is no category but a form of its own: `zero` is taken for 0 in every language. Raises TemplateRuntimeError.
    """
    by_name = dict(forms)
    if wrong := next((name for name in by_name if name not in CATEGORIES), None):
        raise TemplateRuntimeError(f"plural knows {', '.join(CATEGORIES)}, not {wrong!r}")
    if "other" not in by_name:
        raise TemplateRuntimeError('plural needs other="…": what is said for all counts that have no form of their own')
    words = by_name.get(_category(count, locale, by_name), by_name["other"])
    return words.replace(NUMBER, _written(count, locale))


def _category(count: float, locale: str, forms: dict[str, str]) -> str:
    if count == 0 and "zero" in forms:
        return "zero"
    try:
        return str(Locale.parse(locale).plural_form(count))
    except (UnknownLocaleError, ValueError):
        return "one" if count == 1 else "other"


def _written(count: float, locale: str) -> str:
    try:
        return str(format_decimal(count, locale=locale))
    except UnknownLocaleError:
        return f"{count:g}"
