"""Ages on the command line: 90s, 15m, 6h, 7d."""

from __future__ import annotations

import argparse
import re

_UNITS_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def age_ms(text: str) -> int:
    """Milliseconds of an age such as "6h". Raises argparse.ArgumentTypeError."""
    found = re.fullmatch(r"(\d{1,6})([smhd])", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no age: write 90s, 15m, 6h or 7d")
    return int(found[1]) * _UNITS_MS[found[2]]
