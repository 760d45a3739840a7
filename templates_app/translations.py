"""The state of translation: type × locale, channel by channel."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from django.db.models import F

from templates_app.models import DraftText, NotificationType, TemplateText
from templates_app.words import best_locale

THERE, OLD, DRAFT, MISSING = "published", "old", "draft", "missing"


class Cell(msgspec.Struct, frozen=True):
    """A channel of a type in a locale: published, old (the original changed since), draft (only there), missing.

    `instead` is the locale whose words its readers get where it is missing ("": none).
    """

    channel: str
    state: str
    instead: str = ""


class Row(msgspec.Struct, frozen=True):
    """A type with its cells, a list for each of the matrix's locales."""

    key: int
    name: str
    category: str
    default_locale: str
    cells: list[list[Cell]]
    lacking: int


class Matrix(msgspec.Struct, frozen=True):
    """All types; `lacking` counts cells that are missing or old."""

    locales: list[str]
    rows: list[Row]
    lacking: int


Written = dict[int, dict[tuple[str, str], int]]
"""Type → (channel, locale) → the version in which it was last changed."""


def matrix() -> Matrix:
    """Everything in three queries, whatever the number of types."""
    kinds = list(NotificationType.objects.all())
    published, drafted = _published(), _drafted()
    locales = sorted({at[1] for each in (*published.values(), *drafted.values()) for at in each})
    rows = [_row(kind, locales, published.get(kind.pk, {}), drafted.get(kind.pk, {})) for kind in kinds]
    return Matrix(locales, rows, sum(row.lacking for row in rows))


def _published() -> Written:
    rows = TemplateText.objects.filter(version__number=F("version__type__template_version"))
    return _by_type(rows.values_list("version__type_id", "channel", "locale", "changed_in"))


def _drafted() -> Written:
    rows = DraftText.objects.values_list("draft__type_id", "channel", "locale", "revision")
    return _by_type(rows)


def _by_type(rows: Iterable[tuple[int, str, str, int]]) -> Written:
    found: Written = {}
    for key, channel, locale, number in rows:
        found.setdefault(key, {})[channel, locale] = number
    return found


def _row(
    kind: NotificationType, locales: list[str], there: dict[tuple[str, str], int], drafted: dict[tuple[str, str], int]
) -> Row:
    channels = [name for name in ("in_app", "push", "email", "sms") if any(at[0] == name for at in (*there, *drafted))]
    cells = [[_cell(kind, channel, locale, there, drafted) for channel in channels] for locale in locales]
    lacking = sum(cell.state in (OLD, MISSING) for each in cells for cell in each)
    return Row(kind.pk, kind.name, kind.category, kind.default_locale, cells, lacking)


def _cell(
    kind: NotificationType,
    channel: str,
    locale: str,
    there: dict[tuple[str, str], int],
    drafted: dict[tuple[str, str], int],
) -> Cell:
    if (channel, locale) in there:
        original = there.get((channel, kind.default_locale), 0)
        is_old = locale != kind.default_locale and original > there[channel, locale]
        return Cell(channel, OLD if is_old else THERE)
    if (channel, locale) in drafted:
        return Cell(channel, DRAFT)
    others = {at[1] for at in there if at[0] == channel}
    return Cell(channel, MISSING, best_locale(locale, others, kind.default_locale) or "")
