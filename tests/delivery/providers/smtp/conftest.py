"""Given: a mail server, and an account there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from delivery.providers.accounts import Account
from delivery.providers.smtp.adapter import SMTPAdapter
from tests.simulators.smtp import PASSWORD, SMTPSimulator


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, SMTPSimulator]]:
    with SMTPSimulator() as plain, SMTPSimulator(security="starttls") as starttls, SMTPSimulator(security="tls") as tls:
        yield {each.security: each for each in (plain, starttls, tls)}


@pytest.fixture
def server(servers: dict[str, SMTPSimulator]) -> SMTPSimulator:
    servers["none"].reset()
    return servers["none"]


@pytest.fixture(params=["starttls", "tls"])
def secure_server(request: pytest.FixtureRequest, servers: dict[str, SMTPSimulator]) -> SMTPSimulator:
    servers[request.param].reset()
    return servers[request.param]


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_SIMULATOR_PASSWORD", PASSWORD)


@pytest.fixture
def at() -> Callable[..., SMTPAdapter]:
    def make(server: SMTPSimulator, **options: Any) -> SMTPAdapter:
        return SMTPAdapter(
            Account(name="mail", provider="smtp", channel="email", rate=50, options=server.options(**options))
        )

    return make


@pytest.fixture
def adapter(at: Callable[..., SMTPAdapter], server: SMTPSimulator) -> SMTPAdapter:
    return at(server)
