"""Bodies: bounded, decoded by msgspec into typed values, refused with the JSON path and a remedy (contract §2)."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable
from functools import cache
from typing import Any, TypeVar, cast

import msgspec
from django.conf import settings
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from foundation.errors import InvalidRequest, TooLarge
from notifications.payload import Flaw, flaw_of

_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$?\.?(?P<path>.*)`)?$", re.DOTALL)
_NAMED_FIELD = re.compile(r"(unknown|missing required) field `(?P<name>[^`]*)`")
_SUSPICIOUS = (b"\\", b"\x7f", b"\xc2")  # without one of these a decoded body holds no control character
_OPENERS = (b"{", b"[")
_SAFE_OPENERS = 24


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all request bodies: immutable, unknown fields refused by name."""


T = TypeVar("T")


def decode(request: Request, kind: type[T], *, max_bytes: int | None = None) -> T:
    """The request's JSON body as a `kind` (a msgspec type).

    Raises TooLarge over `max_bytes` (default REQUEST_MAX_BYTES), InvalidRequest with `field` and `remedy`, and
    UnsupportedMediaType when the content isn't declared as JSON.
    """
    raw = read_body(request, max_bytes)
    value = decode_bytes(raw, kind)
    if might_be_flawed(raw) and (flaw := flaw_of(msgspec.to_builtins(value), "")):
        raise _refusal(flaw)
    return value


def read_body(request: Request, max_bytes: int | None = None) -> bytes:
    """The body's bytes, never more than `max_bytes` of them in memory. Raises as `decode` does."""
    limit = max_bytes or settings.REQUEST_MAX_BYTES
    _require_json(request)
    declared = request.META.get("CONTENT_LENGTH") or ""
    if declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)
    raw: bytes = request._request.read(limit + 1)
    if len(raw) > limit:
        raise _too_large(limit)
    return raw


def decode_bytes(raw: bytes, kind: type[T], *, path: str = "") -> T:
    """`raw` as a `kind`; `path` goes before the fields of errors ("notifications[3]"). Raises InvalidRequest."""
    decoder: msgspec.json.Decoder[T] = _decoder(cast(Hashable, kind))
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise from_validation(error, path) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _why_not_json(raw, error, path) from None


def might_be_flawed(raw: bytes) -> bool:
    """Whether a decoded body could hold control characters, deep nesting or huge numbers; False for nearly all."""
    if any(mark in raw for mark in _SUSPICIOUS) or sum(map(raw.count, _OPENERS)) > _SAFE_OPENERS:
        return True
    return _LONG_NUMBER.search(raw) is not None


_LONG_NUMBER = re.compile(rb"\d{19}")


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def _require_json(request: Request) -> None:
    media_type = request.content_type.partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise UnsupportedMediaType(
            media_type or "none", detail=f"The body is declared as {media_type or 'nothing'}, not as JSON."
        )


def _too_large(limit: int) -> TooLarge:
    return TooLarge(
        f"The body is over {limit} bytes.",
        field="$",
        remedy="Send less: keep what templates don't show out of `data`, or split the batch.",
    )


def _refusal(flaw: Flaw, path: str = "") -> InvalidRequest:
    field = ".".join(part for part in (path, flaw.path) if part) or "$"
    return InvalidRequest(f"`{field}` {flaw.detail}.", field=field, remedy=flaw.remedy)


def from_validation(error: msgspec.ValidationError, path: str = "") -> InvalidRequest:
    """msgspec's refusal in our words: what is wrong, the JSON path, what to do."""
    found = _AT.match(str(error))
    what, inner = (found["what"], found["path"] or "") if found else (str(error), "")
    named = _NAMED_FIELD.search(what)
    if named:
        inner = f"{inner}.{named['name']}" if inner else named["name"]
    field = f"{path}.{inner}" if path and inner and not inner.startswith("[") else path + inner
    return InvalidRequest(f"{what}.", field=field or "$", remedy=_remedy(what))


def _remedy(what: str) -> str:
    if "unknown field" in what:
        return "Take the field out, or check its spelling at /api/docs."
    if "missing required" in what:
        return "Add the field."
    if "Invalid enum value" in what:
        return "Use one of the values listed at /api/docs."
    return "Correct the value; /api/docs shows what is expected."


def _why_not_json(raw: bytes, error: Exception, path: str) -> InvalidRequest:
    """Looks closer at a body msgspec could not read, so that the answer names the place."""
    try:
        lenient = json.loads(raw, strict=False)
    except RecursionError:
        return InvalidRequest("The body is nested too deeply.", field=path or "$", remedy="Flatten it.")
    except UnicodeDecodeError as bad:
        return InvalidRequest(f"The body is not UTF-8 (byte {bad.start}).", field=path or "$", remedy="Send UTF-8.")
    except ValueError as bad:
        return InvalidRequest(f"The body is not JSON: {bad}.", field=path or "$", remedy="Send one valid JSON object.")
    if isinstance(error, RecursionError):
        return InvalidRequest("The body is nested too deeply.", field=path or "$", remedy="Flatten it.")
    if flaw := flaw_of(lenient, ""):
        return _refusal(flaw, path)
    return InvalidRequest(f"The body is not JSON: {error}.", field=path or "$", remedy="Send one valid JSON object.")


def leniently(raw: bytes) -> Any:
    """What the standard library makes of a body that msgspec refused, to tell what is wrong where; None if nothing."""
    try:
        return json.loads(raw, strict=False)
    except (ValueError, RecursionError):
        return None


class BoundedJSONParser(BaseParser):
    """DRF's parser for `request.data`: the same bounds and checks, for views without a typed body."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: dict[str, Any] | None = None) -> Any:
        """What JSON the body holds. Raises as `decode` does."""
        return decode((parser_context or {})["request"], object)
