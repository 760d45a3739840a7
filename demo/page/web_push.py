"""Push to the browser that shows the page: there only where the accounts file has Web Push.

A browser subscribes with its maker's push service. Where simulators take what is sent, that one is never reached.
"""

from __future__ import annotations

from django.conf import settings

from delivery.providers.kept import build
from delivery.providers.registry import carriers
from foundation.errors import Misconfigured

PLATFORM, PROVIDER = "web", "webpush"


def public_key() -> str:
    """What a browser subscribes with; "" where no account carries Web Push to it, or its adapter can't be built."""
    if settings.SIMULATORS_URL:
        return ""
    try:
        account = next((each for each in carriers("push", PLATFORM) if each.provider == PROVIDER), None)
        return str(build(account).public_key) if account else ""
    except Misconfigured:
        return ""  # its first batch says why
