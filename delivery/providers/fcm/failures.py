"""What firebase-admin raises, as an answer's code or as what became of the connection."""

from __future__ import annotations

import ssl
from typing import Any

import httpx
from firebase_admin.exceptions import FirebaseError

from delivery.providers.fcm.codes import outcome
from delivery.providers.waits import retry_after_s
from foundation.errors import Ambiguous, Misconfigured, ProviderError, Transient

OK_BELOW = 400


def error_of(error: FirebaseError, *, begun: bool) -> ProviderError:
    """The outcome behind `error`; `begun`: FCM may have got the message."""
    response = error.http_response
    if response is not None and response.status_code >= OK_BELOW:
        return outcome(
            response.status_code,
            _told(response),
            retry_after_s=retry_after_s(response.headers.get("retry-after"), None),
        )
    return of_connection(error.cause or error, begun=begun)


def of_connection(cause: BaseException, *, begun: bool) -> ProviderError:
    """What a failed call means that had no answer."""
    if begun:
        return Ambiguous(
            f"no answer that can be read ({type(cause).__name__}): it may have been accepted",
            provider_code="timeout" if isinstance(cause, httpx.TimeoutException) else "closed",
        )
    if _is_untrusted(cause):
        return Misconfigured(
            f"FCM's address shows a certificate that isn't trusted ({cause}). Check url and ca_file.",
            provider_code="certificate",
        )
    return Transient(f"FCM can't be reached: {cause or type(cause).__name__}", provider_code="connect")


def _told(response: Any) -> dict[str, Any]:
    try:
        told = response.json()
    except ValueError:
        return {}
    error = told.get("error") if isinstance(told, dict) else None
    return error if isinstance(error, dict) else {}


def _is_untrusted(cause: BaseException | None) -> bool:
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(cause):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
