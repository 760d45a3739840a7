"""What an E.164 number says of itself: its country, and the block of numbers it is in. Pure."""

from __future__ import annotations

from functools import lru_cache

import phonenumbers

# A block of 10,000 numbers: what a carrier rents out at once.
BLOCK_DIGITS = 4


@lru_cache(maxsize=65_536)
def country_of(number: str) -> str:
    """The ISO 3166 code of an E.164 number's country; "" where there is none (satellites, "+800").

    A number that no known range has counts to its code's main country: numbering plans change.
    """
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return ""
    main = phonenumbers.region_code_for_country_code(parsed.country_code or 0)
    found = phonenumbers.region_code_for_number(parsed) or main
    return found if found.isalpha() else ""  # "001": a network of no country


def prefix_of(number: str) -> str:
    """The block of numbers that `number` is in: without its last BLOCK_DIGITS."""
    return number[:-BLOCK_DIGITS]
