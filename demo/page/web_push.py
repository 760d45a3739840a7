"""Push to the browser that shows the page: there only where the accounts file has Web Push."""

from __future__ import annotations

from delivery.providers.kept import build
from delivery.providers.registry import carriers
from foundation.errors import Misconfigured

PLATFORM, PROVIDER = "web", "webpush"


def public_key() -> str:
    """What a browser subscribes with; "" where no account carries Web Push, or where its adapter can't be built."""
    try:
        account = next((each for each in carriers("push", PLATFORM) if each.provider == PROVIDER), None)
        return str(build(account).public_key) if account else ""
    except Misconfigured:
        return ""  # its first batch says why
