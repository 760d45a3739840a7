"""Given: a receiver of webhooks, and an account that calls it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from delivery.providers.accounts import Account
from delivery.providers.webhook.adapter import WebhookAdapter
from tests.simulators.webhook import SECRET, WebhookSimulator


@pytest.fixture(scope="module")
def server() -> Iterator[WebhookSimulator]:
    with WebhookSimulator() as running:
        yield running


@pytest.fixture
def receiver(server: WebhookSimulator, monkeypatch: pytest.MonkeyPatch) -> WebhookSimulator:
    monkeypatch.setenv("WEBHOOK_SIMULATOR_SECRET", SECRET)
    server.script.reset()
    return server


@pytest.fixture
def make_adapter(receiver: WebhookSimulator) -> Iterator[Callable[..., WebhookAdapter]]:
    with ExitStack() as closing:

        def make(**options: Any) -> WebhookAdapter:
            adapter = WebhookAdapter(
                Account(name="hook", provider="webhook", channel="sms", rate=100, options=receiver.options(**options))
            )
            closing.callback(adapter.close)
            return adapter

        yield make


@pytest.fixture
def adapter(make_adapter: Callable[..., WebhookAdapter]) -> WebhookAdapter:
    return make_adapter()
