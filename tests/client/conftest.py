"""Given for the tests of the Python client: the real server on a port of its own, with a type and a token."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from notification_platform import AsyncClient, Client, Retries

from notifications.credentials import create_token
from tests.notifications.accepting import make_type
from tests.notifications.conftest import empty_log, fresh_process, log_options  # noqa: F401  fixtures

SCOPES = ("notifications:send", "notifications:read", "users:read", "users:write")
ONCE = Retries(attempts=1)


@pytest.fixture
def api(live_server, request: pytest.FixtureRequest) -> str:
    """The address of a server that knows `order_shipped`."""
    for name in ("fresh_process", "empty_log"):
        request.getfixturevalue(name)
    make_type()
    return f"{live_server.url}/api/v1"


@pytest.fixture
def token(api: str) -> str:
    secret, _ = create_token(name="orders", scopes=SCOPES)
    return secret


@pytest.fixture
def client(api: str, token: str) -> Iterator[Client]:
    with Client(api, token, retries=ONCE) as client:
        yield client


@pytest.fixture
async def async_client(api: str, token: str):
    async with AsyncClient(api, token, retries=ONCE) as client:
        yield client
