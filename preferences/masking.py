"""Addresses as those see them who may not see addresses: enough to recognise one, too little to use it. Pure."""

from __future__ import annotations

DOTS = "•••"
PHONE_START, PHONE_END = 3, 2
TOKEN_SHOWN = 6


def masked(channel: str, address: str) -> str:
    """An email as a•••@example.com, a number as +49•••78, a push token as its first characters; "" stays ""."""
    if not address:
        return ""
    if channel == "email":
        name, at, domain = address.partition("@")
        return f"{name[:1]}{DOTS}{at}{domain}" if at else DOTS
    if channel == "sms":
        return f"{address[:PHONE_START]}{DOTS}{address[-PHONE_END:]}"
    return f"{address[:TOKEN_SHOWN]}{DOTS}"


def shown(channel: str, address: str, *, whole: bool) -> str:
    """`address` as it is where `whole`, else masked."""
    return address if whole else masked(channel, address)
