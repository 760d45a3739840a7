"""Into how many segments a text message goes, and what that costs. Pure.

A message in the GSM alphabet holds 160 septets, or 153 a segment where it takes several; one character outside it makes
the whole message UCS-2: 70 code units, or 67 a segment. Characters of the extension table take two septets, those
outside the basic plane two code units, and neither is split: what has no room goes into the next segment whole
(3GPP TS 23.038, sections 6.1.2.1 and 6.2.1; TS 23.040, section 9.2.3.24.1;
https://www.twilio.com/docs/glossary/what-sms-character-limit).
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

import msgspec

GSM7, UCS2 = "GSM-7", "UCS-2"

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")
_GSM7 = _BASIC | _EXTENSION
_BASIC_PLANE_END = "\uffff"
# Units of a message that fits into one segment, and of each segment where it doesn't.
_ROOM = {GSM7: (160, 153), UCS2: (70, 67)}
_CACHED = 4096  # texts of broadcasts and previews are counted again and again


class Segments(msgspec.Struct, frozen=True):
    """How a text travels: its encoding, its length in that encoding's units, and the segments that are paid for."""

    encoding: str
    units: int
    count: int

    @property
    def room(self) -> int:
        """How many units these segments hold."""
        whole, part = _ROOM[self.encoding]
        return whole if self.count == 1 else part * self.count

    def cost(self, price: Decimal) -> Decimal:
        """What it costs at `price` a segment, in the price's currency."""
        return self.count * price


@lru_cache(maxsize=_CACHED)
def segments(text: str) -> Segments:
    """The segments of `text`; an empty one is billed as one."""
    encoding = GSM7 if _GSM7.issuperset(text) else UCS2
    sizes = [_units(character, encoding) for character in text]
    whole, part = _ROOM[encoding]
    units = sum(sizes)
    return Segments(encoding, units, 1 if units <= whole else _filled(sizes, part))


def _units(character: str, encoding: str) -> int:
    if encoding == GSM7:
        return 2 if character in _EXTENSION else 1
    return 2 if character > _BASIC_PLANE_END else 1


def _filled(sizes: list[int], room: int) -> int:
    """How many segments of `room` units these characters fill, none of them split."""
    count, left = 1, room
    for size in sizes:
        if size > left:
            count, left = count + 1, room
        left -= size
    return count
