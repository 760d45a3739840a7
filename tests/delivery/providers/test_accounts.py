"""Accounts from a file: what is read, what is refused and how, and what is felt without a restart."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from delivery.providers import accounts, registry
from delivery.providers.accounts import secret
from foundation.errors import Misconfigured

APNS = """
[[account]]
name = "apns-main"
provider = "apns"
channel = "push"
rate = 4000
options = { topic = "com.example.app" }
"""
REST = """
[[account]]
name = "web"
provider = "webpush"
channel = "push"
rate = 100
[[account]]
name = "second-mail"
provider = "smtp"
channel = "email"
rate = 0
order = 2
[[account]]
name = "first-mail"
provider = "ses"
channel = "email"
rate = 150
order = 1
"""


@pytest.fixture
def file(tmp_path, settings) -> Path:
    path = tmp_path / "providers.toml"
    path.write_text(APNS + REST)
    settings.PROVIDERS = str(path)
    return path


def rewrite(path: Path, text: str) -> None:
    before = path.stat().st_mtime_ns
    path.write_text(text)
    os.utime(path, ns=(before + 1_000_000, before + 1_000_000))


def test_the_file_says_which_account_carries_what(file):
    assert registry.account_of("push", "apns") == "apns-main"
    assert registry.account_of("push", "web") == "web"
    assert registry.account_of("email", "") == "first-mail"
    assert registry.accounts_of("email") == ("first-mail", "second-mail")
    assert registry.accounts_of("in_app") == ()
    assert (registry.rate_of("apns-main"), registry.rate_of("second-mail")) == (4_000, 0)
    assert [account.name for account in registry.carriers("email", "")] == ["first-mail", "second-mail"]


def test_a_platform_without_an_account_says_so_when_it_is_sent_to(file):
    account = registry.account_of("push", "fcm")
    with pytest.raises(Misconfigured, match="no provider account is called fcm"):
        registry.get_provider(account).send([])


def test_a_change_is_felt_at_once(file):
    assert registry.rate_of("apns-main") == 4_000
    rewrite(file, APNS.replace("4000", "50"))
    assert registry.rate_of("apns-main") == 50
    assert registry.accounts_of("email") == ()


def test_a_file_that_breaks_while_running_leaves_what_was_known(file, caplog):
    before = accounts.accounts()
    rewrite(file, "[[account]")
    assert accounts.accounts() == before


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[account]", "can't be read"),
        ("", "account"),
        (APNS.replace("rate = 4000", ""), "rate"),
        (APNS.replace("4000", "-1"), "rate"),
        (APNS.replace('"push"', '"pigeon"'), "pigeon"),
        (APNS + APNS, "two accounts are called apns-main"),
        (APNS + "colour = 1", "colour"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_by_name(file, text, says):
    file.write_text(text)
    with pytest.raises(Misconfigured, match=says):
        accounts.read(file)


def test_an_unknown_provider_is_refused_with_those_there_are(file):
    rewrite(file, APNS.replace('"apns"', '"pigeon"'))
    with pytest.raises(Misconfigured, match=r"pigeon.*apns, fcm"):
        registry.get_provider("apns-main").send([])


class TestSecret:
    def test_from_a_file_or_a_variable(self, tmp_path, monkeypatch):
        (tmp_path / "key").write_text("s3cret\n")
        monkeypatch.setenv("MY_KEY", "other")
        assert secret({"key_file": str(tmp_path / "key")}, "key") == "s3cret"
        assert secret({"key_env": "MY_KEY"}, "key") == "other"

    @pytest.mark.parametrize("options", [{}, {"key_file": "/nowhere/key"}, {"key_env": "NOT_SET_ANYWHERE"}])
    def test_without_one_the_account_and_the_remedy_are_named(self, options):
        with pytest.raises(Misconfigured, match=r"account apns-main: key .*key_file"):
            secret(options, "key", account="apns-main")
