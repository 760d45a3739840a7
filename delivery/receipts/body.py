"""The bytes of a callback: bounded, text, and of the form its provider sends."""

from __future__ import annotations

from urllib.parse import parse_qsl

from django.conf import settings
from django.http import HttpRequest

from foundation.errors import InvalidRequest, TooLarge

FIELDS_MAX = 200  # Twilio sends about thirty


def read(request: HttpRequest) -> bytes:
    """The body, never more than WEBHOOK_MAX_BYTES of it in memory. Raises TooLarge."""
    limit = settings.WEBHOOK_MAX_BYTES
    declared = request.META.get("CONTENT_LENGTH") or ""
    if declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)
    raw = request.read(limit + 1)
    if len(raw) > limit:
        raise _too_large(limit)
    return raw


def form(raw: bytes | str) -> dict[str, list[str]]:
    """The fields of a form-encoded body or query. Raises InvalidRequest for what isn't one, or isn't UTF-8."""
    fields: dict[str, list[str]] = {}
    try:
        text = raw.decode("ascii") if isinstance(raw, bytes) else raw
        for name, value in parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX):
            fields.setdefault(name, []).append(value)
    except UnicodeDecodeError as error:
        raise InvalidRequest(
            "The body is not UTF-8.", field="$", code="not_utf8", remedy="Send it form-encoded, as UTF-8."
        ) from error
    except ValueError as error:
        raise InvalidRequest(
            f"The body is not form-encoded: {error}.", field="$", remedy="Send application/x-www-form-urlencoded."
        ) from error
    return fields


def _too_large(limit: int) -> TooLarge:
    return TooLarge(
        f"The body is over {limit:,} bytes.", field="$", remedy="Providers send less; else raise WEBHOOK_MAX_BYTES."
    )
