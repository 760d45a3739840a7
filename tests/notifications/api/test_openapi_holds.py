"""What the API does and what it says it does are the same: requests its schema allows, and some that it doesn't."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
import yaml
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from config import api_schema
from config.wsgi import application
from foundation.clock import now_ms
from notifications.credentials import SCOPES, create_token
from notifications.records import Decision
from notifications.store import get_store
from notifications.store.port import Details
from tests.notifications.accepting import make_type, written
from tests.notifications.api.calling import EVENT, Caller
from tests.notifications.broadcasts.segments import make_news, make_users

EXAMPLES = 12
# Which types, users and cursors there are, what time it is and how a CSV begins is no matter of a schema: a body of the
# right shape may be refused all the same. What has the wrong shape never passes; that check stays.
WITHOUT = [positive_data_acceptance]


@schemathesis.serializer("application/x-ndjson")
def _lines(context: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


schema = schemathesis.openapi.from_wsgi("/api/schema", application)


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    """As Django's own test client has it: requests don't close the connection that the test's transaction is on."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def token(db: None) -> str:
    make_type()
    return create_token(name="everything", kind="admin", scopes=SCOPES)[0]


@pytest.mark.django_db(databases=["default", "store", "sandbox"])
@pytest.mark.usefixtures("fresh_process", "empty_log")
@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_it_does_what_it_says(case: schemathesis.Case, token: str) -> None:
    # A batch and a file take the good items of a bad body: each has its own refusal (contract §2).
    its_own = [negative_data_rejection] if case.operation.path.endswith(("/batch", "/import")) else []
    case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, excluded_checks=WITHOUT + its_own)


# --- the examples


ID_IN_EXAMPLES = "notif_0199f2d1c0de7000a1b2c3d4e5f60718"
FILLED = {"{id}": ID_IN_EXAMPLES, "{user_id}": "usr_42"}


def examples() -> list[tuple[str, str, str, Any]]:
    """(method, path, what it is, body) of every example of a request in the schema that is checked in."""
    written = yaml.safe_load(api_schema.FILE.read_text())
    return [
        (method, path, example.get("summary", name), example["value"])
        for path, methods in written["paths"].items()
        for method, operation in methods.items()
        for media in operation.get("requestBody", {}).get("content", {}).values()
        for name, example in media.get("examples", {}).items()
    ]


@pytest.mark.django_db(databases=["default", "store"])
@pytest.mark.usefixtures("fresh_process", "empty_log")
@pytest.mark.parametrize("example", examples(), ids=lambda each: f"{each[1]}, {each[2]}")
def test_an_example_works_as_it_stands(example: tuple[str, str, str, Any]) -> None:
    method, path, _, body = example
    make_type()
    make_news()
    make_users(1, segment="all_active_users")
    caller = Caller(*SCOPES, kind="admin")
    sent = caller.post("notifications", EVENT).json()["notification_id"]
    [(_, event, _)] = written()
    decision = Decision(id=sent, user="usr_42", event=event, channels=[], at=now_ms(), category="order_updates")
    get_store().record_details([Details(decision=decision)])
    for name, value in FILLED.items():
        path = path.replace(name, value)
    text = json.dumps(body).replace(ID_IN_EXAMPLES, sent)
    answer = Client().generic(
        method.upper(), path.replace(ID_IN_EXAMPLES, sent), text, "application/json", headers=caller.headers
    )
    assert 200 <= answer.status_code < 300, answer.content


def test_there_are_examples() -> None:
    assert len(examples()) >= 4
