"""Addresses as support sees them."""

from __future__ import annotations

import pytest

from preferences import masking


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("ann@example.com", "a…@e….com"),
        ("ann@localhost", "a…@…"),
        ("+4915112345678", "…5678"),
        ("d3b07384d113edec49eaa6238ad5ff00", "…ff00"),
        ("short", "…"),
        ("", ""),
    ],
)
def test_an_address_can_be_told_apart_and_not_written_to(address: str, shown: str) -> None:
    assert masking.mask(address) == shown


def test_addresses_in_a_sentence_are_masked_and_nothing_else_is() -> None:
    text = "550 <ann@example.com>: no such user; notif_019283746556473829, 2026-11-23T15:20:41.123Z, +49 151 1234 5678"
    assert masking.mask_text(text) == (
        "550 <a…@e….com>: no such user; notif_019283746556473829, 2026-11-23T15:20:41.123Z, …5678"
    )


def test_a_record_is_masked_wherever_addresses_stand() -> None:
    record = {
        "recipients": [{"user": "usr_1", "sends": [{"address": "tok-1234567890", "platform": "fcm"}]}],
        "data": {"mail": "ann@example.com", "Phone": "0151 1234567", "order": "A-17", "count": 3},
        "now": 1_700_000_000_000,
    }
    assert masking.mask_all(record) == {
        "recipients": [{"user": "usr_1", "sends": [{"address": "…7890", "platform": "fcm"}]}],
        "data": {"mail": "a…@e….com", "Phone": "…4567", "order": "A-17", "count": 3},
        "now": 1_700_000_000_000,
    }
