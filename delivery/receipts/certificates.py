"""The certificates that SNS signs with: from its own hosts alone, over https, kept for as long as they hold.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html. Where a certificate comes from is all
that proves it, so its address is pinned: `sns.<region>.amazonaws.com` (in China `….amazonaws.com.cn`), or what
SNS_HOSTS names instead, for simulators; and there the one path that certificates stand under. Other calls of SNS answer
with words of whoever has an account there, a certificate of his own among them.
"""

from __future__ import annotations

import re
import ssl
import threading
import time
from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import urlsplit

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from django.conf import settings

from foundation.errors import Forbidden, Unavailable

CERTIFICATE_MAX = 64 * 1024
KEPT_MOST = 32
REFUSED_S = 60.0  # an address without a certificate isn't asked again at once
RETRY_AFTER_S = 5.0

_HOST = re.compile(r"sns\.[a-z0-9-]+\.amazonaws\.com(\.cn)?")
_CERTIFICATE = re.compile(r"/SimpleNotificationService-[A-Za-z0-9]+\.pem")
_kept: dict[str, x509.Certificate] = {}
_refused: dict[str, float] = {}
_lock = threading.Lock()

V = TypeVar("V")


def public_key(url: str) -> RSAPublicKey:
    """The key in the certificate at `url`.

    Raises Forbidden for an address that isn't SNS', and for what is no valid certificate; Unavailable when it can't be
    fetched now.
    """
    require_sns(url, "SigningCertURL", path=_CERTIFICATE)
    certificate = _kept.get(url) or _fetched(url)
    now = datetime.now(UTC)
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise _no_certificate("is out of its time")
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey):
        raise _no_certificate("holds no RSA key")
    return key


def require_sns(url: str, field: str, *, path: re.Pattern[str] | None = None) -> None:
    """Raises Forbidden unless `url` is one of SNS' own, over https; with `path`, unless all behind the host fits it."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    named = f"{host}:{port}" if port else host
    allowed = named in settings.SNS_HOSTS if settings.SNS_HOSTS else _HOST.fullmatch(named) is not None
    fits = path is None or path.fullmatch(parts._replace(scheme="", netloc="").geturl()) is not None
    # What urlsplit passes over in silence, a tab or a line's end, httpx refuses as a mistake of ours.
    is_plain = url.isascii() and url.isprintable()
    if parts.scheme != "https" or parts.username or parts.password or not (allowed and fits and is_plain):
        raise Forbidden(
            f"{field} isn't an address of SNS.",
            field=field,
            code="bad_signature",
            remedy="Only SNS itself may call this.",
        )


def fetch(url: str) -> httpx.Response:
    """GET of an address of SNS: no redirects, bounded time. Raises Unavailable when it doesn't answer."""
    try:
        with httpx.Client(verify=_trust(), timeout=settings.PROVIDER_TIMEOUT_S, trust_env=False) as client:
            answer = client.get(url)
    except httpx.HTTPError as error:
        raise Unavailable("SNS doesn't answer.", remedy="Send it again.", retry_after=RETRY_AFTER_S) from error
    if answer.status_code >= 500:
        raise Unavailable("SNS is troubled.", remedy="Send it again.", retry_after=RETRY_AFTER_S)
    return answer


def forget() -> None:
    """Drops what is kept."""
    with _lock:
        _kept.clear()
        _refused.clear()


def _fetched(url: str) -> x509.Certificate:
    """One thread fetches at a time, so a burst after a start costs one call."""
    with _lock:
        if url in _kept:
            return _kept[url]
        if _refused.get(url, 0.0) > time.monotonic():
            raise _no_certificate("isn't there")
        try:
            certificate = _read(fetch(url))
        except Forbidden:
            _room(_refused)[url] = time.monotonic() + REFUSED_S
            raise
        _room(_kept)[url] = certificate
        return certificate


def _read(answer: httpx.Response) -> x509.Certificate:
    if answer.status_code != httpx.codes.OK or len(answer.content) > CERTIFICATE_MAX:
        raise _no_certificate("isn't there")
    try:
        return x509.load_pem_x509_certificate(answer.content)
    except ValueError as error:
        raise _no_certificate("can't be read") from error


def _room(kept: dict[str, V]) -> dict[str, V]:
    if len(kept) >= KEPT_MOST:
        kept.clear()
    return kept


def _trust() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=settings.SNS_CA_FILE or None)


def _no_certificate(why: str) -> Forbidden:
    return Forbidden(
        f"The certificate at SigningCertURL {why}.",
        field="SigningCertURL",
        code="bad_signature",
        remedy="Only SNS itself may call this.",
    )
