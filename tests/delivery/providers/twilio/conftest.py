"""Given: Twilio's simulator, and an account there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from delivery.providers.accounts import Account
from delivery.providers.twilio.adapter import TwilioAdapter
from tests.simulators.twilio import TOKEN, TwilioSimulator


@pytest.fixture(scope="module")
def server() -> Iterator[TwilioSimulator]:
    with TwilioSimulator() as running:
        yield running


@pytest.fixture
def twilio(server: TwilioSimulator, monkeypatch: pytest.MonkeyPatch) -> TwilioSimulator:
    monkeypatch.setenv("TWILIO_SIMULATOR_TOKEN", TOKEN)
    server.script.reset()
    return server


@pytest.fixture
def make_adapter(twilio: TwilioSimulator) -> Iterator[Callable[..., TwilioAdapter]]:
    with ExitStack() as closing:

        def make(**options: Any) -> TwilioAdapter:
            account = Account(
                name="twilio-main", provider="twilio", channel="sms", rate=250, options=twilio.options(**options)
            )
            adapter = TwilioAdapter(account)
            closing.callback(adapter.close)
            return adapter

        yield make


@pytest.fixture
def adapter(make_adapter: Callable[..., TwilioAdapter]) -> TwilioAdapter:
    return make_adapter()
