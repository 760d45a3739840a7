"""The compiled texts a process keeps. What a batch lacks comes in one query: SQL's, or Redis' copy."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from django.conf import settings

from foundation.errors import ControlPlaneUnavailable, TemplateError
from templates_app import control_plane, copies
from templates_app.compiled import CompiledText
from templates_app.copies import Entry, TextKey
from templates_app.words import Words, best_locale

Found = CompiledText | TemplateError | None
"""A text, why it can't be compiled, or None when there is none for the channel."""


class Texts:
    """Sources by type and version, compiled texts by channel and locale besides. Versions never change."""

    def __init__(self) -> None:
        self._sources: OrderedDict[TextKey, list[Words]] = OrderedDict()
        self._compiled: OrderedDict[tuple[int, int, str, str], Found] = OrderedDict()

    def load(self, keys: Iterable[TextKey]) -> None:
        """Makes sure that these are there, in one query at most. Raises ControlPlaneUnavailable."""
        if control_plane.in_transaction():
            self.clear()  # what isn't committed isn't kept
        missing = sorted(at for at in set(keys) if at not in self._sources)
        if not missing:
            return
        try:
            found = control_plane.read(lambda: read_texts(missing))
        except ControlPlaneUnavailable:
            found = copies.read_texts(missing)
            if len(found) < len(missing):
                raise
        else:
            copies.keep_texts(found)
        for at in missing:
            self._sources[at] = found.get(at, [])
        _bound(self._sources)

    def get(self, entry: Entry, version: int, channel: str, locale: str) -> Found:
        """The text for `channel` in the best locale there is; `load` came first."""
        at = (entry.key, version, channel, locale)
        try:
            return self._compiled[at]
        except KeyError:
            found = self._compiled[at] = self._find(entry, version, channel, locale)
            _bound(self._compiled)
            return found

    def _find(self, entry: Entry, version: int, channel: str, locale: str) -> Found:
        sources = self._sources.get((entry.key, version), [])
        there = {words.locale: words for words in sources if words.channel == channel}
        best = best_locale(locale, set(there), settings.TEMPLATE_DEFAULT_LOCALE, entry.default_locale)
        if best is None:
            return None
        if best != locale:
            return self.get(entry, version, channel, best)
        return compile_words(there[best], entry.facts.name, version)

    def keep_copies(self) -> None:
        """Gives Redis those that it may have forgotten, and lets it keep the others for longer."""
        copies.keep_texts({at: words for at, words in self._sources.items() if words}, rarely=True)

    def clear(self) -> None:
        """Forgets everything."""
        self._sources.clear()
        self._compiled.clear()


def compile_words(words: Words, type_name: str, version: int) -> CompiledText | TemplateError:
    """The compiled text, or the error of the first field that can't be."""
    name = f"{type_name}/{words.channel}/{words.locale} v{version}"
    try:
        return CompiledText(words, name=name, type_name=type_name, version=version)
    except TemplateError as error:
        return error


def read_texts(wanted: Iterable[TextKey]) -> dict[TextKey, list[Words]]:
    """The texts of these versions, one query."""
    from templates_app.models import TemplateText

    keys = set(wanted)
    rows = TemplateText.objects.filter(
        version__type__in={key for key, _ in keys}, version__number__in={number for _, number in keys}
    ).values_list("version__type_id", "version__number", "channel", "locale", *TemplateText.WORDS)
    found: dict[TextKey, list[Words]] = {}
    for key, number, *fields in rows:
        if (key, number) in keys:
            found.setdefault((key, number), []).append(Words(*fields))
    return found


def _bound(cache: OrderedDict) -> None:
    while len(cache) > settings.TEMPLATE_CACHE_MAX:
        cache.popitem(last=False)


TEXTS = Texts()
"""The process's texts."""
