"""One connection to a mail server by Django's backend, bounded in time, which knows how far the last mail got."""

from __future__ import annotations

import smtplib
import ssl
import time
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.smtp import EmailBackend

from delivery.providers.smtp.options import STARTTLS, TLS, Options

GO_AHEAD = 354  # RFC 5321, 4.1.1.4: send the mail, end it with a dot
_LEAST_S = 0.01


class _Noting(smtplib.SMTP):
    """smtplib, with an end to each conversation and a note of the last reply."""

    ends_at: float = 0.0
    last_code: int = 0

    def getreply(self) -> tuple[int, bytes]:
        if self.sock is not None and self.ends_at:
            self.sock.settimeout(max(_LEAST_S, self.ends_at - time.monotonic()))
        code, words = super().getreply()
        self.last_code = code
        return code, words


class _NotingTLS(_Noting, smtplib.SMTP_SSL):
    """The same, encrypted from its first byte."""


class Connection(EmailBackend):
    """Django's backend for one account and one batch; `open` connects, `close` says goodbye."""

    _partial_connection: smtplib.SMTP | None

    def __init__(self, options: Options, password: str, trust: ssl.SSLContext, *, timeout_s: float) -> None:
        super().__init__(
            host=options.host,
            port=options.port,
            username=options.username,
            password=password,
            use_tls=options.security == STARTTLS,
            use_ssl=options.security == TLS,
            timeout=timeout_s,
        )
        self._trust, self._opens_within_s = trust, timeout_s

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        """To be asked when it is opened: all of its beginning ends within the time-out."""
        kind = _NotingTLS if self.use_ssl else _Noting
        return type(kind.__name__, (kind,), {"ends_at": time.monotonic() + self._opens_within_s})

    @property
    def ssl_context(self) -> ssl.SSLContext:
        return self._trust

    def send_within(self, message: EmailMultiAlternatives, seconds: float) -> None:
        """Sends one mail over the open connection. Raises what smtplib does."""
        self._server.ends_at = time.monotonic() + seconds
        self._server.last_code = 0
        self.send_messages([message])

    @property
    def is_alive(self) -> bool:
        """Whether the connection is open as far as this side knows."""
        return self.connection is not None and self.connection.sock is not None

    @property
    def was_handed_over(self) -> bool:
        """Whether the last mail was sent and its reply didn't come."""
        return self.connection is not None and self._server.last_code == GO_AHEAD

    def abandon(self) -> None:
        """Ends the connection without a word, also one that didn't get through its beginning."""
        for each in (self.connection, self._partial_connection):
            if each is not None:
                each.close()
        self.connection = self._partial_connection = None

    @property
    def _server(self) -> Any:
        return self.connection
