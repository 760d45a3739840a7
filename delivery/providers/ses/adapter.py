"""Mail by Amazon SES, through django-anymail: a batch as concurrent calls over one kept boto3 client."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from anymail.backends.amazon_ses import EmailBackend
from anymail.exceptions import AnymailAPIError, AnymailError
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from django.conf import settings

from delivery.providers.accounts import Account, secret
from delivery.providers.bursts import ENDS_BEFORE_S, room_s, unexpected
from delivery.providers.options import options_of
from delivery.providers.port import NotBegun, Order, Result, Taken
from delivery.providers.ses import codes
from delivery.providers.ses.message import message
from delivery.providers.ses.options import Options
from delivery.providers.trust import trust_of
from foundation.clock import now_ms
from foundation.errors import (
    Ambiguous,
    Misconfigured,
    PermanentForMessage,
    ProviderError,
    ProviderRateLimited,
    Transient,
)

TOO_LATE = NotBegun(why="the batch's deadline is too close for a call to SES")
CONNECT_SHARE = 0.25  # of a call's time-out; the rest is for the answer


class SESAdapter:
    """One account at SES (delivery/providers/port.py)."""

    def __init__(self, account: Account) -> None:
        """Raises Misconfigured for options that aren't right and for a secret that isn't there."""
        self.name, self.channel, self.rate = account.name, account.channel, account.rate
        self._options = options_of(account, Options)
        trust_of(account.name, self._options.ca_file)  # boto3 would say at each call that it can't be read
        self._timeout_s: float = settings.PROVIDER_TIMEOUT_S
        self._backend = EmailBackend(
            session_params=_credentials(account, self._options),
            client_params=_client(self._options, self._timeout_s),
            configuration_set_name=self._options.configuration_set or None,
        )
        self._backend.open()
        self._threads = ThreadPoolExecutor(self._options.streams, thread_name_prefix=account.name)

    def send(self, orders: Sequence[Order]) -> list[Result]:
        """A result for each order, in order; `Taken.provider_id` is SES' message id."""
        batch = _Batch(self._backend, self._options, self._timeout_s)
        calls = [self._threads.submit(batch.one, order) for order in orders]
        return [_ended(call, order) for call, order in zip(calls, orders, strict=True)]

    def check(self) -> str:
        """Asks for the account's state, sends nothing. Raises Misconfigured or Transient."""
        try:
            state = self._backend.client.get_account()
        except (ClientError, BotoCoreError, ResponseParserError) as error:
            found = codes.outcome(error)
            kind = Misconfigured if isinstance(found, Misconfigured) else Transient
            raise kind(f"{self.name}: {found.detail}", provider_code=found.provider_code) from error
        if not state.get("SendingEnabled", False):
            raise Misconfigured(f"{self.name}: {codes.CODES['SendingPausedException'].detail}", provider_code="paused")
        return f"{self.name}: SES in {self._options.region} takes us; {_allowance(state)}."

    def close(self) -> None:
        """Ends the connections; what is on them is in doubt."""
        self._threads.shutdown(wait=False)
        self._backend.close()


class _Batch:
    """One batch: after the first answer that asks to wait, what hasn't begun gets the same without a call."""

    def __init__(self, backend: EmailBackend, options: Options, timeout_s: float) -> None:
        self._backend, self._options, self._timeout_s = backend, options, timeout_s
        self._wait: ProviderRateLimited | None = None

    def one(self, order: Order) -> Result:
        if self._wait is not None:
            return self._wait
        if room_s([order]) < min(self._timeout_s, settings.PROVIDER_TIMEOUT_S):
            return TOO_LATE  # the client's time-out is fixed: a call may take all of it
        try:
            return self._send(order)
        except ProviderRateLimited as error:
            self._wait = error
            return error
        except ProviderError as error:
            return error
        except Exception as error:
            return unexpected(order, error, begun=True)

    def _send(self, order: Order) -> Taken:
        mail: Any = message(order, self._options)
        started = now_ms()
        try:
            self._backend.send_messages([mail])
        except AnymailAPIError as error:
            raise codes.outcome(_cause(error)) from error
        except ResponseParserError as error:
            raise codes.outcome(error) from error
        except (AnymailError, ValueError) as error:
            raise PermanentForMessage(
                f"This can't be written as a mail ({type(error).__name__}). Look at the template and its data.",
                provider_code="unwritable",
            ) from error
        return Taken(provider_id=mail.anymail_status.message_id, at=now_ms(), started_at=started)


def _ended(call: Future[Result], order: Order) -> Result:
    """What became of a call by the order's deadline: boto3 bounds each read of an answer, not all of them together."""
    try:
        return call.result(max(0.0, (order.deadline - now_ms()) / 1_000 - ENDS_BEFORE_S))
    except TimeoutError:
        if call.cancel():
            return TOO_LATE
        return Ambiguous("SES didn't end its answer in time: it may have accepted the mail", provider_code="timeout")


def _cause(error: AnymailAPIError) -> Exception | None:
    return error.__cause__ if isinstance(error.__cause__, Exception) else None


def _credentials(account: Account, options: Options) -> dict[str, str]:
    if not options.access_key_id:
        return {}
    found = {
        "aws_access_key_id": options.access_key_id,
        "aws_secret_access_key": secret(account.options, "secret_access_key", account=account.name),
    }
    if options.session_token_file or options.session_token_env:
        found["aws_session_token"] = secret(account.options, "session_token", account=account.name)
    return found


def _client(options: Options, timeout_s: float) -> dict[str, Any]:
    """boto3's client: its own retries are off, and what a call may take is bounded."""
    found: dict[str, Any] = {
        "region_name": options.region,
        "config": {
            "retries": {"total_max_attempts": 1, "mode": "standard"},
            "connect_timeout": timeout_s * CONNECT_SHARE,
            "read_timeout": timeout_s * (1 - CONNECT_SHARE),
            "max_pool_connections": options.streams,
        },
    }
    if options.endpoint_url:
        found["endpoint_url"] = options.endpoint_url
    if options.ca_file:
        found["verify"] = options.ca_file
    return found


def _allowance(state: dict[str, Any]) -> str:
    quota = state.get("SendQuota", {})
    left = quota.get("Max24HourSend", 0) - quota.get("SentLast24Hours", 0)
    where = "" if state.get("ProductionAccessEnabled") else ", but in its sandbox: verified recipients alone"
    return f"{left:,.0f} mails left of {quota.get('Max24HourSend', 0):,.0f} in 24 hours{where}"
