"""Which app lives in which database (settings.DATABASE_OF_APP); everything else is in the control plane's."""

from __future__ import annotations

from typing import Any

from django.conf import settings


class AppRouter:
    """A Django database router by app label."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        return settings.DATABASE_OF_APP.get(model._meta.app_label, "default")

    db_for_write = db_for_read

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool:
        return self.db_for_read(one) == self.db_for_read(other)

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return settings.DATABASE_OF_APP.get(app_label, "default") == db
