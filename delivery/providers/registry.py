"""Which provider accounts there are, and which one an address belongs to: the sandbox's, or those of a file."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from delivery.providers.accounts import SANDBOX, Account, accounts
from delivery.providers.kept import KeptProvider
from delivery.providers.port import Provider
from foundation.errors import Misconfigured

# The sandbox's accounts, one a provider.
REGISTRY: dict[str, str] = {
    "apns": "delivery.providers.sandbox.adapters.apns",
    "fcm": "delivery.providers.sandbox.adapters.fcm",
    "ses": "delivery.providers.sandbox.adapters.ses",
    "twilio": "delivery.providers.sandbox.adapters.twilio",
}

# FCM carries web push too; a platform nobody named goes there.
_PUSH_ACCOUNTS = {"apns": "apns", "fcm": "fcm", "web": "fcm"}
_PUSH_DEFAULT = "fcm"
_CHANNEL_ACCOUNTS = {"email": "ses", "sms": "twilio"}

# Of a file: the providers that can carry a push to a platform. A webhook carries whatever its channel is given.
_PUSH_PROVIDERS = {"apns": "apns", "fcm": "fcm", "web": "webpush"}
_CARRIES_ALL = "webhook"
UNLIMITED = 0


def get_provider(account: str) -> Provider:
    """The adapter of a provider account. Raises KeyError for one that isn't in the sandbox's `REGISTRY`.

    One of a file builds its adapter at its first batch, which is when Misconfigured is raised.
    """
    return _sandbox(account) if _is_sandbox() else _kept(account)


def account_of(channel: str, platform: str) -> str:
    """The account that carries `channel` to addresses of `platform` ("" outside push).

    Where the file has none, it is named after the provider that is missing; its adapter says so at the first send.
    """
    if not _is_sandbox():
        return next((account.name for account in carriers(channel, platform)), _wanted(channel, platform))
    if channel == "push":
        return _PUSH_ACCOUNTS.get(platform, _PUSH_DEFAULT)
    return _CHANNEL_ACCOUNTS[channel]


def carriers(channel: str, platform: str) -> tuple[Account, ...]:
    """The accounts of the file that can carry `channel` to `platform`, in the order in which they are tried."""
    of_channel = [account for account in _written() if account.channel == channel]
    if channel == "push":
        fit = (_wanted(channel, platform), _CARRIES_ALL)
        return tuple(account for account in of_channel if account.provider in fit)
    return tuple(of_channel)


def accounts_of(channel: str) -> tuple[str, ...]:
    """All accounts of a channel; empty for in-app."""
    if not _is_sandbox():
        return tuple(account.name for account in _written() if account.channel == channel)
    if channel == "push":
        return tuple(dict.fromkeys(_PUSH_ACCOUNTS.values()))
    return (_CHANNEL_ACCOUNTS[channel],) if channel in _CHANNEL_ACCOUNTS else ()


def account_names() -> tuple[str, ...]:
    """All accounts there are."""
    return tuple(REGISTRY) if _is_sandbox() else tuple(account.name for account in _written())


def rate_of(account: str) -> int:
    """What an account's bucket gives, in messages/s; 0 for no limit, and for an account that isn't there."""
    if _is_sandbox():
        return int(settings.PROVIDER_RATES[account])
    return next((each.rate for each in _written() if each.name == account), UNLIMITED)


def _written() -> tuple[Account, ...]:
    """The file's accounts; none while it can't be read: a send is told so by `KeptProvider`, and waits."""
    try:
        return accounts()
    except Misconfigured:
        return ()


def _is_sandbox() -> bool:
    return bool(settings.PROVIDERS == SANDBOX)


def _wanted(channel: str, platform: str) -> str:
    """The provider a push needs; for the others the channel's usual one."""
    if channel == "push":
        return _PUSH_PROVIDERS.get(platform, _PUSH_DEFAULT)
    return _CHANNEL_ACCOUNTS[channel]


@cache
def _sandbox(account: str) -> Provider:
    provider: Provider = import_string(REGISTRY[account])()
    return provider


@cache
def _kept(account: str) -> Provider:
    return KeptProvider(account)
