"""Given: two accounts of a channel, each at a provider of its own that is reached over the wire."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from delivery.providers import registry
from delivery.providers.kept import KeptProvider
from tests.simulators.webhook import SECRET, WebhookSimulator


@pytest.fixture(scope="session")
def both_servers() -> Iterator[tuple[WebhookSimulator, WebhookSimulator]]:
    with ExitStack() as running:
        yield running.enter_context(WebhookSimulator()), running.enter_context(WebhookSimulator())


@pytest.fixture
def main(both_servers) -> WebhookSimulator:
    """The provider that is tried first."""
    both_servers[0].script.reset()
    return both_servers[0]


@pytest.fixture
def spare(both_servers) -> WebhookSimulator:
    """The one behind it."""
    both_servers[1].script.reset()
    return both_servers[1]


@pytest.fixture
def written(tmp_path: Path, settings: Any) -> Iterator[Callable[..., None]]:
    """Writes the file of the accounts; their adapters are closed afterwards."""
    path = tmp_path / "providers.toml"

    def write(*accounts: dict[str, Any]) -> None:
        path.write_text("\n".join(_toml(account) for account in accounts))
        settings.PROVIDERS = str(path)

    registry._kept.cache_clear()
    yield write
    for provider in map(registry.get_provider, registry.account_names()):
        if isinstance(provider, KeptProvider):
            provider.close()
    registry._kept.cache_clear()


@pytest.fixture
def accounts(main, spare, written, servers, monkeypatch) -> Callable[..., None]:
    """Writes down "main" and "spare"; what is given is each one's, such as `main={"weight": 3}`."""
    monkeypatch.setenv("WEBHOOK_SIMULATOR_SECRET", SECRET)

    def write(*, only_main: bool = False, **other: dict[str, Any]) -> None:
        rows = [
            hook("main", main, **other.get("main", {})),
            hook("spare", spare, **{"order": 1, **other.get("spare", {})}),
        ]
        written(*rows[: 1 if only_main else 2])

    write()
    return write


def hook(name: str, at: WebhookSimulator, **other: Any) -> dict[str, Any]:
    """An account that calls the receiver `at`."""
    return {"name": name, "provider": "webhook", "channel": "sms", "rate": 0, "options": at.options(), **other}


def _toml(account: dict[str, Any]) -> str:
    return "\n".join(("[[account]]", *(f"{name} = {_value(value)}" for name, value in account.items())))


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {_value(each)}" for name, each in value.items()) + "}"
    return json.dumps(value)
