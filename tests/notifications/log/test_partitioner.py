"""murmur2 as Kafka's clients have it."""

from __future__ import annotations

import pytest

from notifications.log.partitioner import murmur2, partition_for

WORD = 1 << 32


@pytest.mark.parametrize(
    ("text", "expected"),
    [  # org.apache.kafka.common.utils.UtilsTest
        ("21", -973932308),
        ("foobar", -790332482),
        ("a-little-bit-long-string", -985981536),
        ("a-little-bit-longer-string", -1486304829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        ("abc", 479470107),
    ],
)
def test_hashes_as_the_java_client_does(text: str, expected: int) -> None:
    assert murmur2(text.encode()) == expected % WORD


@pytest.mark.parametrize(
    ("text", "expected"),
    [  # librdkafka, rdmurmur2.c, unittest_murmur2
        ("kafka", 0xD067CF64),
        ("giberish123456789", 0x8F552B0C),
        ("1234", 0x9FC97B14),
        ("234", 0xE7C009CA),
        ("34", 0x873930DA),
        ("4", 0x5A4B5CA1),
        ("PreAmbleWillBeRemoved,ThePrePartThatIs", 0x78424F1C),
        ("", 0x106E08D9),
    ],
)
def test_hashes_as_librdkafka_does(text: str, expected: int) -> None:
    assert murmur2(text.encode()) == expected


def test_long_keys_hash_as_their_words_do() -> None:
    hashes = {murmur2(b"k" * length) for length in range(250, 262)}

    assert len(hashes) == 12
    assert murmur2(b"k" * 256) == 0xF59B41CE


def test_a_partition_is_the_positive_hash_modulo_the_count() -> None:
    assert partition_for("foobar", 32) == (-790332482 & 0x7FFFFFFF) % 32
    assert partition_for("Jürgen", 7) == (murmur2("Jürgen".encode()) & 0x7FFFFFFF) % 7
