"""A process imports a provider's library when it builds an adapter that stands on it, and not before."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec

import pytest

LIBRARIES = (
    "aioapns",
    "firebase_admin",
    "google.auth",
    "grpc",
    "pywebpush",
    "py_vapid",
    "boto3",
    "botocore",
    "anymail",
)
# Of twilio's the client; web checks callbacks by its signatures, which takes 5 ms to import.
LIBRARIES += ("twilio.rest", "twilio.http", "standardwebhooks")
EVERYTHING = """
import json, sys
import django
django.setup()
import config.celery, config.urls, delivery.tasks
print(json.dumps([name for name in {names!r} if name in sys.modules]))
"""


def test_no_library_of_a_provider_is_imported_at_the_start():
    program = EVERYTHING.format(names=LIBRARIES)
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(told.stdout.splitlines()[-1]) == []


@pytest.mark.parametrize("name", LIBRARIES)
def test_the_libraries_are_called_so(name):
    assert find_spec(name)
