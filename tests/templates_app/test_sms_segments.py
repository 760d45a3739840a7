"""How many segments a text message takes: both alphabets, their borders, and what may not be split."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from templates_app.sms_segments import GSM7, UCS2, segments

EMOJI = "\N{GRINNING FACE}"


@pytest.mark.parametrize(
    ("text", "encoding", "units", "count"),
    [
        ("", GSM7, 0, 1),
        ("a" * 160, GSM7, 160, 1),
        ("a" * 161, GSM7, 161, 2),
        ("a" * 306, GSM7, 306, 2),
        ("a" * 307, GSM7, 307, 3),
        ("€" * 80, GSM7, 160, 1),
        ("a" * 159 + "€", GSM7, 161, 2),
        ("ñ ä Ö ß @ £ Δ\n", GSM7, 14, 1),
        ("ç", UCS2, 1, 1),  # its capital is in the alphabet, it isn't
        ("я" * 70, UCS2, 70, 1),
        ("я" * 71, UCS2, 71, 2),
        ("я" * 134, UCS2, 134, 2),
        ("я" * 135, UCS2, 135, 3),
        (EMOJI * 35, UCS2, 70, 1),
        (EMOJI * 36, UCS2, 72, 2),
        ("שלום", UCS2, 4, 1),
    ],
)
def test_a_text_takes_as_many_segments_as_its_alphabet_has_room_for(text, encoding, units, count):
    found = segments(text)
    assert (found.encoding, found.units, found.count) == (encoding, units, count)


def test_an_extended_character_at_the_border_goes_whole_into_the_next_segment():
    assert segments("a" * 152 + "€" + "a" * 152).count == 3  # 152 | 2 + 151 | 1
    assert segments("a" * 151 + "€" + "a" * 153).count == 2


def test_an_emoji_at_the_border_goes_whole_into_the_next_segment():
    assert segments("я" * 66 + EMOJI + "я" * 66).count == 3  # 66 | 2 + 65 | 1
    assert segments("я" * 65 + EMOJI + "я" * 67).count == 2


def test_it_costs_the_price_of_each_segment():
    assert segments("a" * 161).cost(Decimal("0.0079")) == Decimal("0.0158")


@given(st.text(min_size=1, max_size=400))
def test_segments_have_room_for_all_units_and_none_too_many(text):
    found = segments(text)
    whole, part = (160, 153) if found.encoding == GSM7 else (70, 67)
    assert found.units <= (whole if found.count == 1 else found.count * part)
    assert found.count == 1 or (found.count - 1) * (part - 1) < found.units
