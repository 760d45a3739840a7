"""The log: `get_log()` gives this process's engine, chosen by the setting LOG_ENGINE (embedded | kafka)."""

from __future__ import annotations

import os
from functools import cache
from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string

from notifications.log.metered import MeteredLog
from notifications.log.port import Log

ENGINES = {"embedded": "notifications.log.embedded.EmbeddedLog", "kafka": "notifications.log.kafka.KafkaLog"}


@cache
def get_log() -> Log:
    """The engine of this process; made on first use."""
    engine = import_string(ENGINES[settings.LOG_ENGINE])(**settings.LOG_OPTIONS)
    return cast("Log", MeteredLog(engine))


def ensure_topics() -> None:
    """Creates what is missing of the table of topics, with the counts of settings; what is there stays as it is.

    Idempotent and safe in many processes at once; entry points call it at their start. Raises LogUnavailable.
    """
    from notifications.log.catalogue import wanted_partitions

    get_log().create_topics(wanted_partitions())


# Neither an open SQLite file nor a broker connection may be carried into a child: it makes an engine of its own.
os.register_at_fork(after_in_child=get_log.cache_clear)
