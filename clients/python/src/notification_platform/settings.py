"""Where the API is and what to authenticate with: given, or from the environment."""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import httpx
import msgspec

from notification_platform.errors import NotConfigured
from notification_platform.steps import Call

API_VARIABLE, TOKEN_VARIABLE = "NOTIFY_API", "NOTIFY_TOKEN"
GRPC_VARIABLE, GRPC_TLS_VARIABLE = "NOTIFY_GRPC", "NOTIFY_GRPC_TLS"
DEFAULT_API = "http://localhost:8000/api/v1"
TIMEOUT_S = 10.0
_VISIBLE = range(0x21, 0x7F)


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """An API and a token for it. `timeout_s` bounds a whole answer."""

    api: str
    token: str
    timeout_s: float = TIMEOUT_S

    def headers(self, call: Call[Any]) -> dict[str, str]:
        """The request's headers."""
        told = {
            "Authorization": f"Bearer {self.token}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",  # what unpacks to gigabytes is no answer
            "User-Agent": f"notification-platform-client/{_version()}",
        }
        if call.body is not None:
            told["Content-Type"] = "application/json"
        return told | ({"Idempotency-Key": call.key} if call.key is not None else {})

    def url(self, call: Call[Any]) -> str:
        """The request's address."""
        return f"{self.api}/{call.path}"


def connection(api: str | None, token: str | None, timeout_s: float) -> Connection:
    """What is given, else the environment's. Raises NotConfigured without a token, or with one that is no header."""
    token = (token or os.environ.get(TOKEN_VARIABLE) or "").strip()
    if not token:
        raise NotConfigured(f"There is no token: pass token=…, or set {TOKEN_VARIABLE}.")
    if any(ord(sign) not in _VISIBLE for sign in token):
        raise NotConfigured("The token holds a sign that can't be in one: copy it again.")
    api = (api or os.environ.get(API_VARIABLE) or DEFAULT_API).rstrip("/")
    if not _is_address(api):
        raise NotConfigured(f"{api!r} is no address of an API: it looks like {DEFAULT_API}.")
    return Connection(api=api, token=token, timeout_s=timeout_s)


def _is_address(api: str) -> bool:
    try:
        url = httpx.URL(api)
    except httpx.InvalidURL:
        return False
    return url.scheme in ("http", "https") and bool(url.host)


def encoded(body: Any) -> bytes | None:
    """A body as JSON; bytes are JSON already."""
    return body if body is None or isinstance(body, bytes) else msgspec.json.encode(body)


def _version() -> str:
    try:
        return version("notification-platform-client")
    except PackageNotFoundError:
        return "source"
