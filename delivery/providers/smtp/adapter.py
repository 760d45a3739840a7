"""Mail by any SMTP server: a batch over one connection, one mail after the other."""

from __future__ import annotations

import smtplib
import ssl
import time
from collections.abc import Callable, Sequence

from django.conf import settings

from delivery.providers.accounts import Account, secret
from delivery.providers.bursts import room_s, unexpected
from delivery.providers.email_message import Sender, message, message_id
from delivery.providers.options import options_of
from delivery.providers.port import NotBegun, Order, Result, Taken
from delivery.providers.smtp import codes
from delivery.providers.smtp.connection import Connection
from delivery.providers.smtp.options import Options
from delivery.providers.trust import trust_of
from foundation.clock import now_ms
from foundation.errors import Ambiguous, Misconfigured, PermanentForMessage, ProviderError, Transient

TOO_LATE = NotBegun(why="the batch's time was over before this mail's turn")


class SMTPAdapter:
    """One account at a mail server (delivery/providers/port.py)."""

    def __init__(self, account: Account) -> None:
        """Raises Misconfigured for options that aren't right and for a password that isn't there."""
        self.name, self.channel, self.rate = account.name, account.channel, account.rate
        self._options = options_of(account, Options)
        self._password = ""
        if self._options.username:
            self._password = secret(account.options, "password", account=account.name)
        self._trust = trust_of(account.name, self._options.ca_file)

    def send(self, orders: Sequence[Order]) -> list[Result]:
        """A result for each order, in order; `Taken.provider_id` is the mail's Message-ID."""
        return _Batch(self._connection).send(orders, self._options.sender)

    def check(self) -> str:
        """Connects, says who we are, sends nothing. Raises Misconfigured or Transient."""
        options = self._options
        connection = self._connection(settings.PROVIDER_TIMEOUT_S)
        try:
            connection.open()
            connection.close()
        except OSError as error:
            connection.abandon()
            found = _not_connected(error)
            raise type(found)(f"{self.name}: {found.detail}", provider_code=found.provider_code) from error
        who = f" as {options.username}" if options.username else ""
        return f"{self.name}: {options.host}:{options.port} takes us{who} ({options.security})."

    def close(self) -> None:
        """Nothing is kept: a connection lives as long as its batch."""

    def _connection(self, timeout_s: float) -> Connection:
        return Connection(self._options, self._password, self._trust, timeout_s=timeout_s)


class _Batch:
    """One batch and its connection. Another one is opened where the server ends it after having taken a mail."""

    def __init__(self, make: Callable[[float], Connection]) -> None:
        self._make = make
        self._connection: Connection | None = None
        self._over: ProviderError | None = None  # what stands in the way of all that follows
        self._is_worth_another = True

    def send(self, orders: Sequence[Order], sender: Sender) -> list[Result]:
        try:
            return [self._one(order, sender) for order in orders]
        finally:
            self._end()

    def _one(self, order: Order, sender: Sender) -> Result:
        room, began = room_s([order]), time.monotonic()
        if room <= 0:
            return TOO_LATE
        try:
            mail = message(order, sender)
            connection = self._connected(room)
        except ProviderError as error:
            return error
        started, left = now_ms(), began + room - time.monotonic()
        if left <= 0:
            return TOO_LATE
        try:
            connection.send_within(mail, left)
        except (OSError, ValueError) as error:
            return self._failed(error, connection)
        except Exception as error:
            connection.abandon()  # nobody knows where in the conversation we are
            return unexpected(order, error, begun=True)
        self._is_worth_another = True
        return Taken(provider_id=message_id(order, sender), at=now_ms(), started_at=started)

    def _connected(self, room: float) -> Connection:
        """The batch's connection. Raises ProviderError, from then on for every mail of the batch."""
        if self._over is not None:
            raise self._over.with_traceback(None)  # else it grows with every mail
        if self._connection is not None and self._connection.is_alive:
            return self._connection
        if not self._is_worth_another:
            self._over = Transient("The server ended the connection before this mail's turn.", provider_code="closed")
            raise self._over
        self._end()
        self._is_worth_another = False
        connection = self._make(room)
        try:
            connection.open()
        except OSError as error:
            connection.abandon()
            self._over = _not_connected(error)
            raise self._over from error
        self._connection = connection
        return connection

    def _failed(self, error: Exception, connection: Connection) -> ProviderError:
        found = _not_sent(error, is_in_doubt=connection.was_handed_over)
        if isinstance(found, Misconfigured):
            self._over = found
        if found.provider_code in ("-1", "closed", "no_answer"):
            connection.abandon()  # nobody knows where in the conversation we are
        return found

    def _end(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if not connection.is_alive:
            connection.abandon()
            return
        try:
            connection.close()
        except (OSError, smtplib.SMTPException):
            connection.abandon()


def _not_connected(error: OSError) -> ProviderError:
    """Why there is no connection; nothing was sent."""
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Misconfigured(f"The server can't do what security asks for: {error}.", provider_code="security")
    if isinstance(error, ssl.SSLCertVerificationError):
        return Misconfigured(
            f"The server's certificate isn't trusted ({error.verify_message}). Correct host or ca_file.",
            provider_code="certificate",
        )
    if isinstance(error, ssl.SSLError):
        return Misconfigured(
            f"The connection can't be encrypted ({error.reason}). Correct port and security.", provider_code="tls"
        )
    if isinstance(error, smtplib.SMTPResponseException):
        return codes.outcome(error.smtp_code, error.smtp_error, codes.GREETING)
    return Transient(f"The server can't be reached ({type(error).__name__}).", provider_code="connect")


def _not_sent(error: Exception, *, is_in_doubt: bool) -> ProviderError:
    """What became of a mail whose connection was open."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        ((code, words),) = error.recipients.values()
        return codes.outcome(code, words, codes.RECIPIENT)
    if isinstance(error, smtplib.SMTPSenderRefused):
        return codes.outcome(error.smtp_code, error.smtp_error, codes.SENDER)
    if isinstance(error, smtplib.SMTPResponseException):
        return codes.outcome(error.smtp_code, error.smtp_error, codes.DATA)
    if isinstance(error, ValueError):
        return PermanentForMessage(
            f"This can't be written as a mail ({type(error).__name__}). Look at the template and its data.",
            provider_code="unwritable",
        )
    if is_in_doubt:
        return Ambiguous("The server took the mail and didn't answer; it may go out.", provider_code="no_answer")
    return Transient(f"The server ended the connection ({type(error).__name__}).", provider_code="closed")
