"""What an FCM account is told: whose project, and how its notifications are shown on Android."""

from __future__ import annotations

import json
from typing import Annotated, Any

import msgspec

from delivery.providers.accounts import Account, secret
from foundation.errors import Misconfigured

GOOGLE = "https://fcm.googleapis.com"


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`service_account` (`service_account_file`, `service_account_env`) is the JSON key of Google's console.

    `project` is taken from it where it isn't given; `android_channel` is the app's notification channel, "" for the
    notification's category. `url` and `ca_file` are given where Google isn't reached directly; `streams` bounds what a
    batch has under way on the one connection.
    """

    service_account_file: str = ""
    service_account_env: str = ""
    project: str = ""
    android_channel: str = ""
    url: Annotated[str, msgspec.Meta(pattern="^https://")] = GOOGLE
    ca_file: str = ""
    streams: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 100


def service_account(account: Account) -> dict[str, Any]:
    """The service account's key. Raises Misconfigured where it is missing or is no such key."""
    try:
        key = json.loads(secret(account.options, "service_account", account=account.name))
    except ValueError as error:
        raise _no_key(account, f"it is no JSON ({error})") from error
    if not isinstance(key, dict):
        raise _no_key(account, "it is no JSON object")
    missing = [name for name in ("project_id", "client_email", "private_key", "token_uri") if not key.get(name)]
    if missing:
        raise _no_key(account, f"{', '.join(missing)} missing")
    return key


def _no_key(account: Account, why: str) -> Misconfigured:
    return Misconfigured(
        f"account {account.name}: service_account can't be used: {why}. Make a new private key in the Firebase "
        "console, Project settings, Service accounts.",
        provider_code="key",
    )
