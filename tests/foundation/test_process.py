"""A process's name by its command line."""

from __future__ import annotations

import pytest

from foundation.process import name_of


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("uvicorn config.asgi:application --port 8000", "web"),
        ("daphne channels_app.gateway:application", "gateway"),
        ("manage.py bridge --role router --member router-2", "router-2"),
        ("/somewhere/manage.py bridge --role router", "bridge"),
        ("manage.py audit --json", "audit"),
        ("/v/celery/__main__.py -A config worker -n delivery@%h -Q push", "delivery"),
        ("celery -A config worker -Q push", "worker"),
        ("celery -A config beat", "beat"),
        ("/usr/bin/pytest", "pytest"),
        ("/v/pytest/__main__.py -q", "pytest"),
        ("", "python"),
    ],
)
def test_names(command: str, name: str):
    assert name_of(command.split() or [""]) == name
