"""Given: APNs' simulator, and an account there."""

from __future__ import annotations

import pytest

from delivery.providers.accounts import Account
from delivery.providers.apns.adapter import APNsAdapter
from tests.simulators import apns


@pytest.fixture(scope="module")
def simulator():
    with apns.APNsSimulator() as running:
        yield running


@pytest.fixture
def key_file(simulator, tmp_path):
    path = tmp_path / "key.p8"
    path.write_text(simulator.key_pem)
    return path


@pytest.fixture
def account(simulator, key_file):
    def made(**options):
        return Account(
            name="apns-main", provider="apns", channel="push", rate=4_000, options=simulator.options(key_file) | options
        )

    return made


@pytest.fixture
def adapter(simulator, account):
    simulator.script.reset()
    made = APNsAdapter(account())
    yield made
    made.close()
