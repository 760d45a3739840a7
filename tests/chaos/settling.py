"""Then: everything has its outcome, and the audit finds nothing lost and nothing doubled."""

from __future__ import annotations

import time
from typing import Any

from tests.running import Platform

DONE_WITHIN_S = 30


def settled(platform: Platform, seconds: float = DONE_WITHIN_S) -> dict[str, Any]:
    """Audits (deep) until nothing is in flight, at the most for `seconds`; the last audit, which is clean."""
    end = time.monotonic() + seconds
    while True:
        audit = platform.audit("--deep")
        if audit["exit"] == 0 and not audit["in_flight"]:
            print({name: audit[name] for name in ("accepted", "notifications", "deliveries", "doubled")})
            return audit
        if time.monotonic() > end:
            raise AssertionError(f"not clean within {seconds} s: {audit}\n{platform.logs()}")
