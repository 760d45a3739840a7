"""Since when a provider has known that an address is dead, carried in `ProviderError.provider_code`.

Whoever removes a dead address compares it with when the address was registered: a device that came back since then
keeps its token (contract §4, `invalid_address`).
"""

from __future__ import annotations

_MARK = "@"


def dated(code: str, since_ms: int | None) -> str:
    """`code` with the time (ms since the epoch) since when the address is dead: "Unregistered@1700000000000"."""
    return code if since_ms is None else f"{code}{_MARK}{since_ms}"


def dead_since(provider_code: str) -> int | None:
    """That time in ms, None where the provider gave none: then it is dead as of its answer."""
    _, _, since = provider_code.partition(_MARK)
    return int(since) if since.isdecimal() else None
