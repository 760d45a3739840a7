"""Given: FCM's simulator with its token endpoint, and an account there."""

from __future__ import annotations

import pytest

from delivery.providers.accounts import Account
from delivery.providers.fcm.adapter import FCMAdapter
from tests.delivery.providers.fcm.devices import write_key
from tests.simulators import fcm


@pytest.fixture(scope="module")
def simulator():
    with fcm.FCMSimulator() as running:
        yield running


@pytest.fixture
def key_file(simulator, tmp_path):
    return write_key(simulator, tmp_path)


@pytest.fixture
def account(simulator, key_file):
    def made(**options):
        return Account(
            name="fcm-main", provider="fcm", channel="push", rate=800, options=simulator.options(key_file) | options
        )

    return made


@pytest.fixture(autouse=True)
def nothing_told(simulator):
    simulator.script.reset()
    simulator.oauth.answer, simulator.oauth.life_s = None, 3_600


@pytest.fixture
def adapter(account):
    made = FCMAdapter(account())
    yield made
    made.close()


@pytest.fixture(scope="module")
def kept(simulator, tmp_path_factory):
    """One adapter for the tests that leave its connection and its token alone."""
    options = simulator.options(write_key(simulator, tmp_path_factory.mktemp("kept")))
    made = FCMAdapter(Account(name="kept", provider="fcm", channel="push", rate=800, options=options))
    yield made
    made.close()
