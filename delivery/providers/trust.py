"""Whom an account's connections trust: the system's authorities, or those of its `ca_file`."""

from __future__ import annotations

import ssl

from foundation.errors import Misconfigured


def trust_of(account: str, ca_file: str) -> ssl.SSLContext:
    """A context that verifies; `ca_file` is in PEM, "" for the system's. Raises Misconfigured."""
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise Misconfigured(
            f"account {account}: ca_file {ca_file} can't be read: {error}. Give a file of certificates in PEM.",
            provider_code="options",
        ) from error
