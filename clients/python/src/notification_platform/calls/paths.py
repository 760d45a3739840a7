"""Addresses below the API's own."""

from __future__ import annotations

from urllib.parse import quote

from notification_platform.errors import InvalidRequest


def path_of(first: str, *rest: str) -> str:
    """An address of its parts. Raises InvalidRequest for a part that would lead elsewhere."""
    for part in rest:
        if part in ("", ".", ".."):
            raise InvalidRequest(
                f"{part!r} is no id.", code="invalid_request", field="id", remedy="Give the id that the server gave."
            )
    return "/".join([first, *(quote(part, safe="") for part in rest)])
