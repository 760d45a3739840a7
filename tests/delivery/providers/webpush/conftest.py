"""Given: a push service with its browsers, and an account that sends to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from delivery.providers.accounts import Account
from delivery.providers.webpush.adapter import WebPushAdapter
from tests.simulators.webpush import WebPushSimulator


@pytest.fixture(scope="module")
def server() -> Iterator[WebPushSimulator]:
    with WebPushSimulator() as running:
        yield running


@pytest.fixture
def service(server: WebPushSimulator) -> WebPushSimulator:
    server.script.reset()
    server.browsers.clear()
    return server


@pytest.fixture
def key_file(service: WebPushSimulator, tmp_path: Path) -> Path:
    path = tmp_path / "vapid.pem"
    path.write_text(service.key_pem)
    return path


@pytest.fixture
def make_adapter(service: WebPushSimulator, key_file: Path) -> Iterator[Callable[..., WebPushAdapter]]:
    with ExitStack() as closing:

        def make(**options: Any) -> WebPushAdapter:
            given = service.options(key_file) | options
            adapter = WebPushAdapter(
                Account(name="browsers", provider="webpush", channel="push", rate=500, options=given)
            )
            closing.callback(adapter.close)
            return adapter

        yield make


@pytest.fixture
def adapter(make_adapter: Callable[..., WebPushAdapter]) -> WebPushAdapter:
    return make_adapter()
