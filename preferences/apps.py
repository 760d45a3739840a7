from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed
from django.db.models.signals import post_migrate


class PreferencesConfig(AppConfig):
    name = "preferences"

    def ready(self) -> None:
        from preferences import signals

        signals.connect()
        post_migrate.connect(_add_segments, sender=self)


def _add_segments(*, using: str, apps: Any = installed, **_: Any) -> None:
    """`all_active_users` is there in every installation, as broadcasts count on it (contract §7)."""
    from django.db import router

    from preferences.segments import ALL_ACTIVE_USERS

    try:
        segment = apps.get_model("preferences", "Segment")
    except LookupError:  # migrated back to before there were segments
        return
    if router.db_for_write(segment) == using:
        segment.objects.get_or_create(name=ALL_ACTIVE_USERS, defaults={"description": "Everybody who isn't erased."})
