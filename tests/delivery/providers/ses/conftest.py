"""Given: SES' simulator, and an account there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from delivery.providers.accounts import Account
from delivery.providers.ses.adapter import SESAdapter
from tests.simulators.ses import SECRET, SESSimulator


@pytest.fixture(scope="module")
def server() -> Iterator[SESSimulator]:
    with SESSimulator() as running, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SES_SIMULATOR_SECRET", SECRET)
        yield running


@pytest.fixture
def ses(server: SESSimulator) -> SESSimulator:
    server.reset()
    return server


def made(server: SESSimulator, **options: Any) -> SESAdapter:
    return SESAdapter(
        Account(name="ses-eu", provider="ses", channel="email", rate=150, options=server.options(**options))
    )


@pytest.fixture
def make_adapter(ses: SESSimulator) -> Iterator[Callable[..., SESAdapter]]:
    with ExitStack() as closing:

        def make(**options: Any) -> SESAdapter:
            adapter = made(ses, **options)
            closing.callback(adapter.close)
            return adapter

        yield make


@pytest.fixture(scope="module")
def kept(server: SESSimulator) -> Iterator[SESAdapter]:
    """One for all tests, as a process keeps it: a client of boto3 takes half a second to make."""
    adapter = made(server)
    yield adapter
    adapter.close()


@pytest.fixture
def adapter(kept: SESAdapter, ses: SESSimulator) -> SESAdapter:
    return kept
