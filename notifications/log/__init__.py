"""The log: `get_log()` gives this process's engine, chosen by the setting LOG_ENGINE (embedded | kafka)."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from notifications.log.port import Log

ENGINES = {"embedded": "notifications.log.embedded.EmbeddedLog"}


@cache
def get_log() -> Log:
    """The engine of this process; made on first use."""
    return import_string(ENGINES[settings.LOG_ENGINE])(**settings.LOG_OPTIONS)
