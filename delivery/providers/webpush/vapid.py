"""Who is sending, by VAPID: https://www.rfc-editor.org/rfc/rfc8292."""

from __future__ import annotations

import base64
from collections import OrderedDict
from threading import Lock

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from py_vapid import Vapid02, VapidException

from delivery.providers.accounts import Account, secret
from foundation.errors import Misconfigured, PermanentForAddress

LIFE_S = 12 * 3_600  # RFC 8292, 2: no more than 24 h
RENEW_BEFORE_S = 3_600
MOST_ORIGINS = 1_000  # endpoints come from outside: what is kept for them is bounded
RAW_BYTES = 32


class _Header(msgspec.Struct, frozen=True):
    text: str
    until_s: int


class Vapid:
    """An account's key; a signed header for each push service is kept until it is nearly over. Safe between threads."""

    def __init__(self, account: Account, subject: str) -> None:
        """Raises Misconfigured for a key that can't sign."""
        self._key, self._subject = Vapid02(_private_key(account)), subject
        self._headers: OrderedDict[str, _Header] = OrderedDict()
        self._lock = Lock()

    @property
    def public_key(self) -> str:
        """What a browser subscribes with (`applicationServerKey`), in base64url."""
        point = self._key.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return base64.urlsafe_b64encode(point).rstrip(b"=").decode()

    def authorization(self, origin: str, *, now_s: int) -> str:
        """The Authorization header for the push service at `origin` ("https://host").

        Raises PermanentForAddress for an origin that py-vapid takes for none, a bare IPv6 address.
        """
        with self._lock:
            known = self._headers.get(origin)
            if known is None or known.until_s - RENEW_BEFORE_S <= now_s:
                known = self._headers[origin] = self._signed(origin, now_s + LIFE_S)
                while len(self._headers) > MOST_ORIGINS:
                    self._headers.popitem(last=False)
            return known.text

    def _signed(self, origin: str, until_s: int) -> _Header:
        claims = {"aud": origin, "exp": until_s, "sub": self._subject}
        try:
            return _Header(self._key.sign(claims)["Authorization"], until_s)
        except VapidException as error:
            raise PermanentForAddress(
                "A subscription's endpoint is https://host/path.", provider_code="endpoint"
            ) from error


def _private_key(account: Account) -> EllipticCurvePrivateKey:
    text = secret(account.options, "private_key", account=account.name)
    try:
        key = load_pem_private_key(text.encode(), None) if text.startswith("-----") else _from_raw(text)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _no_key(account) from error
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise _no_key(account)
    return key


def _from_raw(text: str) -> EllipticCurvePrivateKey:
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if len(raw) != RAW_BYTES:
        raise ValueError(f"{len(raw)} bytes")
    key: EllipticCurvePrivateKey = Vapid02.from_raw(text.encode()).private_key
    return key


def _no_key(account: Account) -> Misconfigured:
    return Misconfigured(
        f"account {account.name}: private_key is no P-256 key, in PEM or as 32 bytes in base64url. "
        "Make a pair with `vapid --gen`, and subscribe browsers anew.",
        provider_code="key",
    )
