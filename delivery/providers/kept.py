"""An account's adapter as a process keeps it: built once, with its connections, and anew when its options change.

What changes a secret's file or the accounts' file is felt at the next batch; the adapter before is closed as soon as
the batches it is sending are through.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any

import msgspec
import structlog
from django.utils.module_loading import import_string

from delivery.providers.accounts import Account, accounts, secret_files
from delivery.providers.port import Order, Result
from foundation.errors import Misconfigured

ADAPTERS: dict[str, str] = {
    "apns": "delivery.providers.apns.adapter.APNsAdapter",
    "fcm": "delivery.providers.fcm.adapter.FCMAdapter",
    "webpush": "delivery.providers.webpush.adapter.WebPushAdapter",
    "ses": "delivery.providers.ses.adapter.SESAdapter",
    "smtp": "delivery.providers.smtp.adapter.SMTPAdapter",
    "twilio": "delivery.providers.twilio.adapter.TwilioAdapter",
    "webhook": "delivery.providers.webhook.adapter.WebhookAdapter",
}

_log = structlog.get_logger(__name__)


class _Built(msgspec.Struct, eq=False):
    """An adapter, what it was built from, and how many batches it is sending."""

    adapter: Any
    origin: tuple[Account, tuple[int, ...]]
    under_way: int = 0


class KeptProvider:
    """The provider of an account in the file (delivery/providers/port.py); safe between threads."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._lock = Lock()
        self._built: _Built | None = None

    @property
    def account(self) -> Account:
        """The account as the file has it now. Raises Misconfigured when it has none of this name."""
        found = next((account for account in accounts() if account.name == self.name), None)
        if found is None:
            raise Misconfigured(
                f"no provider account is called {self.name}. Add it to the file that PROVIDERS names.",
                provider_code="accounts",
            )
        return found

    @property
    def channel(self) -> str:
        return self.account.channel

    @property
    def rate(self) -> int:
        return self.account.rate

    def send(self, orders: Sequence[Order]) -> list[Result]:
        """Sends a batch; raises Misconfigured when the adapter can't be built."""
        with self._adapter() as adapter:
            results: list[Result] = adapter.send(orders)
            return results

    def check(self) -> str:
        """Connects and sends nothing: a sentence of what is well. Raises Misconfigured or Transient with one."""
        with self._adapter() as adapter:
            return str(adapter.check())

    def close(self) -> None:
        """Ends its connections; the next batch builds it anew."""
        with self._lock:
            built, self._built = self._built, None
        if built is not None and not built.under_way:
            _close(built)

    @contextmanager
    def _adapter(self) -> Iterator[Any]:
        built = self._take()
        try:
            yield built.adapter
        finally:
            self._give_back(built)

    def _take(self) -> _Built:
        account = self.account
        origin = (account, tuple(_mtime_ns(path) for path in secret_files(account.options)))
        with self._lock:
            before = self._built
            is_same = before is not None and before.origin == origin
            now = before if before is not None and is_same else _Built(build(account), origin)
            now.under_way += 1
            self._built = now
            is_over = before is not None and before is not now and not before.under_way
        if before is not None and is_over:
            _close(before)
        return now

    def _give_back(self, built: _Built) -> None:
        with self._lock:
            built.under_way -= 1
            is_over = built is not self._built and not built.under_way
        if is_over:
            _close(built)


def build(account: Account) -> Any:
    """A new adapter for `account`. Raises Misconfigured for a provider nobody knows, and what the adapter raises."""
    if account.provider not in ADAPTERS:
        raise Misconfigured(
            f"account {account.name}: no such provider: {account.provider}. One of {', '.join(ADAPTERS)}.",
            provider_code="accounts",
        )
    return import_string(ADAPTERS[account.provider])(account)


def _close(built: _Built) -> None:
    """Ends its connections; what stands in the way of that isn't the batch's affair, whose sends are out."""
    try:
        built.adapter.close()
    except Exception as error:
        _log.exception("provider_not_closed", account=built.origin[0].name, error=type(error).__name__)


def _mtime_ns(path: Any) -> int:
    try:
        return int(path.stat().st_mtime_ns)
    except OSError:
        return 0  # whoever reads it says what is wrong
