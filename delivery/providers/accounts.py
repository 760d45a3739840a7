"""The provider accounts an operator has written down: a TOML file named by the setting PROVIDERS.

    [[account]]
    name = "apns-main"            # into timelines, metrics, breaker and bucket
    provider = "apns"             # a folder of delivery/providers
    channel = "push"
    rate = 4000                   # messages/s (contract §4); 0: no limit
    order = 0                     # lower is tried first
    weight = 1
    [account.options]             # the adapter's Options
    team_id = "ABCDE12345"
    key_file = "/run/secrets/apns.p8"

A secret `x` is never in the file: `x_file` names a file, `x_env` a variable of the environment.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Annotated, Any

import msgspec
import structlog
from django.conf import settings

from foundation.errors import Misconfigured

SANDBOX = "sandbox"
CHANNELS = ("push", "email", "sms")
_FILE, _ENV = "_file", "_env"
_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
_Word = Annotated[str, msgspec.Meta(pattern=_NAME, max_length=64)]

_log = structlog.get_logger(__name__)


class Account(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One account at a provider: `rate` in messages/s, `order` (lower is tried first), `options` the adapter's own."""

    name: _Word
    provider: str
    channel: str
    rate: Annotated[int, msgspec.Meta(ge=0)]
    weight: Annotated[int, msgspec.Meta(ge=0)] = 1
    order: int = 0
    options: dict[str, Any] = {}


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    account: Annotated[list[Account], msgspec.Meta(min_length=1)]


class _Known(msgspec.Struct, frozen=True):
    """The accounts as last read, and of which state of the file."""

    path: str
    mtime_ns: int
    accounts: tuple[Account, ...]


_lock = Lock()
_known: _Known | None = None


def accounts() -> tuple[Account, ...]:
    """The accounts of the file named by PROVIDERS, by `order`; empty with the sandbox.

    Read again when the file changes. Raises Misconfigured for a file that can't be read; one that was readable before
    goes on as it was, and the log says so.
    """
    global _known
    if settings.PROVIDERS == SANDBOX:
        return ()
    path, known = Path(settings.PROVIDERS), _known
    mtime_ns = _mtime_ns(path)
    if known and (known.path, known.mtime_ns) == (str(path), mtime_ns):
        return known.accounts
    with _lock:
        _known = _Known(str(path), mtime_ns, _read_again(path, known))
        return _known.accounts


def read(path: Path) -> tuple[Account, ...]:
    """The accounts in `path`, by `order`, then as written. Raises Misconfigured with what is wrong and where."""
    try:
        found = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File).account
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise Misconfigured(
            f"the accounts in {path} can't be read: {error}. Correct the file that PROVIDERS names.",
            provider_code="accounts",
        ) from error
    _check(path, found)
    return tuple(sorted(found, key=lambda account: account.order))


def secret(options: Mapping[str, Any], name: str, *, account: str = "") -> str:
    """The secret `name`, from the file `<name>_file` or the variable `<name>_env`; whitespace around it is dropped.

    Raises Misconfigured, which names the account and what to do, for one that isn't given or is empty.
    """
    whose = f"account {account}: " if account else ""
    remedy = f"Give {name}{_FILE} (a path) or {name}{_ENV} (a variable's name) in its options."
    if path := options.get(name + _FILE):
        try:
            value, source = Path(path).read_text(encoding="utf-8"), f"the file {path}"
        except (OSError, UnicodeDecodeError) as error:
            raise Misconfigured(f"{whose}{name} can't be read: {error}. {remedy}", provider_code="secret") from error
    elif variable := options.get(name + _ENV):
        value, source = os.environ.get(variable, ""), f"the variable {variable}"
    else:
        raise Misconfigured(f"{whose}{name} is missing. {remedy}", provider_code="secret")
    if not value.strip():
        raise Misconfigured(f"{whose}{name} is empty in {source}. {remedy}", provider_code="secret")
    return value.strip()


def secret_files(options: Mapping[str, Any]) -> tuple[Path, ...]:
    """The files these options read secrets from: one that changes asks for a new adapter."""
    return tuple(Path(str(path)) for name, path in sorted(options.items()) if name.endswith(_FILE) and path)


def _check(path: Path, found: list[Account]) -> None:
    names = [account.name for account in found]
    for account in found:
        if names.count(account.name) > 1:
            raise Misconfigured(
                f"{path}: two accounts are called {account.name}. Rename one.", provider_code="accounts"
            )
        if account.channel not in CHANNELS:
            raise Misconfigured(
                f"{path}: account {account.name} has the channel {account.channel!r}. One of {', '.join(CHANNELS)}.",
                provider_code="accounts",
            )


def _mtime_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0  # reading it says what is wrong


def _read_again(path: Path, known: _Known | None) -> tuple[Account, ...]:
    try:
        return read(path)
    except Misconfigured as error:
        if known is None or known.path != str(path):
            raise
        _log.error("provider_accounts_unreadable", detail=error.detail)
        return known.accounts
