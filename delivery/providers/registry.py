"""Which provider accounts there are, and which one an address belongs to."""

from __future__ import annotations

from functools import cache

from django.utils.module_loading import import_string

from delivery.providers.port import Provider

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


@cache
def get_provider(account: str) -> Provider:
    """The adapter of a provider account. Raises KeyError for one that isn't in `REGISTRY`."""
    return import_string(REGISTRY[account])()


def account_of(channel: str, platform: str) -> str:
    """The account that carries `channel` to addresses of `platform` ("" outside push)."""
    if channel == "push":
        return _PUSH_ACCOUNTS.get(platform, _PUSH_DEFAULT)
    return _CHANNEL_ACCOUNTS[channel]


def accounts_of(channel: str) -> tuple[str, ...]:
    """All accounts of a channel; empty for in-app."""
    if channel == "push":
        return tuple(dict.fromkeys(_PUSH_ACCOUNTS.values()))
    return (_CHANNEL_ACCOUNTS[channel],) if channel in _CHANNEL_ACCOUNTS else ()
