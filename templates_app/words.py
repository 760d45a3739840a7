"""A template text as plain values: what SQL holds, what Redis keeps a copy of, what is compiled."""

from __future__ import annotations

from typing import Any

import msgspec


class Words(msgspec.Struct, frozen=True, omit_defaults=True):
    """The Jinja2 sources of one channel in one locale.

    `layout` is the shared layout's name ("": the built-in one). `shared` holds that layout and the partials that the
    HTML includes as they were when this was published (`templates_app.sharing`).
    """

    channel: str
    locale: str
    title: str = ""
    body: str = ""
    html: str = ""
    action_url: str = ""
    image: str = ""
    data_template: dict[str, Any] = {}
    layout: str = ""
    shared: dict[str, str] = {}


def best_locale(wanted: str, there: set[str], *defaults: str) -> str | None:
    """The first of the fallback chain that is there: de-AT, de, then `defaults`, each cut at its last dash.

    Locales are compared without regard to case, and an underscore is a dash.
    """
    by_name = {_plain(locale): locale for locale in there}
    for locale in (wanted, *defaults):
        name = _plain(locale)
        while name:
            if name in by_name:
                return by_name[name]
            name = name.rpartition("-")[0]
    return None


def _plain(locale: str) -> str:
    return locale.replace("_", "-").lower()
