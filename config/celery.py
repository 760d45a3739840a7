"""The Celery application: `celery -A config worker -Q router,in_app`."""

from __future__ import annotations

import os
from typing import Any

import msgspec
import orjson
from celery import Celery
from celery.signals import setup_logging
from kombu.serialization import register

from config.broker import close_the_leak

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")  # as foundation/command.py: once, by `manage.py migrate`


def _dumps(value: Any) -> bytes:
    return orjson.dumps(value, default=msgspec.to_builtins)


register("orjson", _dumps, orjson.loads, content_type="application/x-orjson", content_encoding="utf-8")

close_the_leak()

app = Celery("config")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["delivery"], related_name="tasks")


@setup_logging.connect
def _keep_djangos_logging(**kwargs: Any) -> None:
    """Celery leaves logging alone: config.logs has set it up."""
