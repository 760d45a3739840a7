"""The notification store: `get_store()` gives this process's engine, by the setting STORE_ENGINE (sql | cassandra)."""

from __future__ import annotations

from functools import cache
from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string

from notifications.store.metered import MeteredStore
from notifications.store.port import Store

ENGINES = {"sql": "notifications.store.sql.SqlStore", "cassandra": "notifications.store.cassandra.CassandraStore"}


@cache
def get_store() -> Store:
    """The engine of this process; made on first use."""
    return cast("Store", MeteredStore(import_string(ENGINES[settings.STORE_ENGINE])()))
