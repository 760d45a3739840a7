"""What an APNs account is told: whose token, which app, which of Apple's two services."""

from __future__ import annotations

from typing import Annotated

import msgspec

from delivery.providers.accounts import Account, secret
from foundation.errors import Misconfigured

PRODUCTION, DEVELOPMENT = "api.push.apple.com", "api.sandbox.push.apple.com"
_Ten = Annotated[str, msgspec.Meta(pattern="^[A-Z0-9]{10}$")]


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`key` (`key_file`, `key_env`) is the team's .p8 signing key in PEM, `topic` the app's bundle id.

    `host` and `ca_file` are given where Apple isn't reached directly. `streams` bounds what a batch
    has under way; `idle_s` is how long a connection without traffic is kept.
    """

    team_id: _Ten
    key_id: _Ten
    topic: Annotated[str, msgspec.Meta(min_length=1)]
    key_file: str = ""
    key_env: str = ""
    development: bool = False
    host: str = ""
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 443
    ca_file: str = ""
    streams: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 500
    idle_s: Annotated[float, msgspec.Meta(gt=0)] = 300.0

    @property
    def server(self) -> str:
        """The host that is spoken to."""
        return self.host or (DEVELOPMENT if self.development else PRODUCTION)


def signing_key(account: Account) -> str:
    """The .p8 key in PEM. Raises Misconfigured where it is missing or is no such key."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    pem = secret(account.options, "key", account=account.name)
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Misconfigured(
            f"account {account.name}: key is no .p8 key in PEM: {error}", provider_code="key"
        ) from error
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise Misconfigured(
            f"account {account.name}: key is not a P-256 key. Take the .p8 file from Apple's page Keys.",
            provider_code="key",
        )
    return pem
