"""The page offers push to its browser where an account carries it, and says nothing where none does."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from demo.page import web_push
from tests.simulators.certificates import pem_of
from tests.simulators.webpush import encoded, point


@pytest.fixture
def account(settings, tmp_path):
    """An accounts file with Web Push; gives its key's file."""
    key, path = tmp_path / "vapid.pem", tmp_path / "providers.toml"
    path.write_text(
        '[[account]]\nname = "browsers"\nprovider = "webpush"\nchannel = "push"\nrate = 100\n'
        f'[account.options]\nsubject = "mailto:ops@example.com"\nprivate_key_file = "{key}"\n'
    )
    settings.PROVIDERS = str(path)
    return key


def test_with_the_sandbox_there_is_no_key():
    assert web_push.public_key() == ""


def test_with_an_account_it_is_the_accounts_own(account):
    private = ec.generate_private_key(ec.SECP256R1())
    account.write_text(pem_of(private))
    assert web_push.public_key() == encoded(point(private))


def test_where_simulators_take_what_is_sent_a_browser_isnt_asked(account, settings):
    account.write_text(pem_of(ec.generate_private_key(ec.SECP256R1())))
    settings.SIMULATORS_URL = "http://127.0.0.1:9"
    assert web_push.public_key() == ""


def test_a_key_that_is_none_leaves_the_page_as_it_is(account):
    account.write_text("nonsense")
    assert web_push.public_key() == ""


def test_so_does_a_file_of_accounts_that_cant_be_read(settings, tmp_path):
    settings.PROVIDERS = str(tmp_path / "nowhere.toml")
    assert web_push.public_key() == ""
