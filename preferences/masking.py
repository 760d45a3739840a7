"""Addresses as somebody may see them: whole with the right preferences.see_addresses, else what tells them apart."""

from __future__ import annotations

import re
from typing import Any

PERMISSION = "preferences.see_addresses"
TELLS_APART = 4
_EMAIL = re.compile(r"[^\s@<>\"']+@[^\s@<>\"']+")
_PHONE = re.compile(r"\+\d[\d\s().-]{5,}\d")
_CONTACT = frozenset({"address", "token", "device", "email", "phone", "mobile"})
"""Names under which a value is masked whole, whatever it looks like: a number may be written without its country."""


def may_see(user: Any) -> bool:
    """Whether this member of staff sees addresses whole."""
    return bool(user.has_perm(PERMISSION))


def mask(address: str) -> str:
    """`a…@e….com`, `…4711`: enough to ask "is it this one?", not enough to write to; "" stays. Pure."""
    if not address:
        return ""
    name, at, domain = address.partition("@")
    if at:
        host, dot, top = domain.rpartition(".")
        return f"{name[:1]}…@{host[:1]}…{dot}{top}" if host else f"{name[:1]}…@…"
    return f"…{address[-TELLS_APART:]}" if len(address) > 2 * TELLS_APART else "…"


def hidden(value: str) -> str:
    """That there is something, and no more: for the audit trail, which others read for years. Pure."""
    return "…" if value not in ("", "None", "{}") else value


def mask_text(text: str) -> str:
    """`text` with every email address and phone number in it masked. Pure."""
    return _PHONE.sub(lambda found: mask(found[0]), _EMAIL.sub(lambda found: mask(found[0]), text))


def mask_all(value: Any, name: str = "") -> Any:
    """A record's or an event's plain values with every address masked, wherever it stands. Pure."""
    if isinstance(value, dict):
        return {key: mask_all(each, str(key)) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [mask_all(each, name) for each in value]
    if not isinstance(value, str):
        return value
    return mask(value) if name.lower() in _CONTACT and value else mask_text(value)


def address_to(user: Any, address: str) -> str:
    """An address as this member of staff may see it."""
    return address if may_see(user) else mask(address)


def shown_to(user: Any, value: Any) -> Any:
    """A text or plain data as this member of staff may see it."""
    return value if may_see(user) else mask_all(value)
