"""What the API does and what it says it does are the same: any request its schema allows, and any it doesn't."""

from __future__ import annotations

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS

from config.wsgi import application
import pytest

schema = schemathesis.openapi.from_wsgi("/api/schema", application)

@pytest.fixture(scope="module")
def token(django_db_setup, django_db_blocker):
    from notifications.credentials import SCOPES, create_token
    with django_db_blocker.unblock():
        secret, row = create_token(name="openapi", kind="admin", scopes=SCOPES)
        yield secret
        row.delete()

@pytest.mark.django_db(databases=["default","store","sandbox"])
@pytest.mark.usefixtures("redis")
@schema.parametrize()
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
def test_it(case, token):
    case.call_and_validate(headers={"Authorization": f"Bearer {token}"})
