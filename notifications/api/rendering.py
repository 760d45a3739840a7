"""Answers as JSON by msgspec; bytes that are JSON already pass through."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from rest_framework.renderers import BaseRenderer


def _other(value: Any) -> Any:
    return str(value)  # DRF's lazy texts and error details


_encode = msgspec.json.Encoder(enc_hook=_other).encode


class JSONRenderer(BaseRenderer):
    """DRF's renderer: msgspec structs, plain values, or finished bytes."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        """The body's bytes; empty for None."""
        if data is None:
            return b""
        return data if isinstance(data, bytes) else _encode(data)
