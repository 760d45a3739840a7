"""The access token of a service account, renewed before a batch, outside the event loop.

firebase-admin would renew it inside, where a slow token endpoint stops every connection of the process.
https://developers.google.com/identity/protocols/oauth2/service-account#httprest
"""

from __future__ import annotations

from threading import Lock
from typing import Any

import requests
from firebase_admin import credentials
from google.auth.exceptions import RefreshError, TransportError
from google.auth.transport import Response
from google.auth.transport.requests import Request

from foundation.errors import Misconfigured, Transient

RENEW_S = 3.0
SERVER_ERROR = 500


class Tokens:
    """Access tokens of one service account; safe between threads."""

    def __init__(self, key: dict[str, Any], *, account: str, ca_file: str = "") -> None:
        """`key` is the service account's. Raises Misconfigured for one that can't sign."""
        self._account, self._lock, self._refused = account, Lock(), ""
        try:
            self.certificate = credentials.Certificate(key)
            self._credential = self.certificate.get_credential()
        except ValueError as error:
            raise Misconfigured(
                f"account {account}: service_account can't sign: {error}. Make a new key in the Firebase console.",
                provider_code="key",
            ) from error
        self._session = requests.Session()
        self._session.verify = ca_file or True
        self._request = Request(session=self._session)

    @property
    def current(self) -> str:
        """The access token as it stands."""
        return str(self._credential.token or "")

    def renew(self) -> None:
        """Makes sure that `current` holds for the next minutes. Raises Misconfigured or Transient."""
        with self._lock:
            if self._credential.valid and self.current != self._refused:
                return
            try:
                self._credential.refresh(self._ask)
            except TransportError as error:
                raise Transient(f"Google's token endpoint doesn't answer: {error}", provider_code="oauth") from error
            except RefreshError as error:
                raise Misconfigured(
                    f"account {self._account}: Google refuses the service account ({error.args[0]}). Check that its "
                    "key wasn't revoked, and this machine's clock.",
                    provider_code="oauth",
                ) from error

    def forget(self) -> None:
        """The token was refused: the next batch asks for another. Waits for nobody, as it is called on the loop."""
        self._refused = self.current

    def close(self) -> None:
        """Ends the connection to the token endpoint."""
        self._session.close()

    def _ask(self, **call: Any) -> Response:
        """One call, no second try: the library's own takes seconds, and retries have one owner."""
        response = self._request(**call, timeout=RENEW_S)
        if response.status >= SERVER_ERROR:
            raise TransportError(f"status {response.status}")
        return response
