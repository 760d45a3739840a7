"""The ledger as it is kept: a row a channel and chunk. One transaction folds what a batch of reports told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from django.db.models import Q
from pyroaring import BitMap

from foundation.control_plane import one_transaction
from notifications.broadcasts import ledger
from notifications.broadcasts.models import AudiencePortion, Broadcast, LedgerPortion
from preferences.models import User

Place = tuple[str, str, int]
"""(broadcast, channel, chunk)"""
ROWS_AT_ONCE = 200

News = Mapping[Place, ledger.Words]


@one_transaction
def fold(news: News) -> None:
    """Folds `news` into the ledger; the same again changes nothing. Raises ControlPlaneUnavailable: nothing was kept.

    Those of broadcasts that aren't there any more are left out.
    """
    there = set(Broadcast.objects.filter(pk__in={place[0] for place in news}).values_list("pk", flat=True))
    places = sorted(place for place in news if place[0] in there)
    for start in range(0, len(places), ROWS_AT_ONCE):
        _fold(places[start : start + ROWS_AT_ONCE], news)


def _fold(places: Sequence[Place], news: News) -> None:
    LedgerPortion.objects.bulk_create(
        [LedgerPortion(broadcast_id=b, channel=c, chunk=n, words=ledger.encode({})) for b, c, n in places],
        ignore_conflicts=True,
    )
    rows = list(LedgerPortion.objects.select_for_update().filter(_any_of(places)).order_by("pk"))
    changed = []
    for row in rows:
        before = ledger.decode(row.words)
        after = ledger.fold(row.channel, before, news[row.broadcast_id, row.channel, row.chunk])
        if after != before:
            row.words, row.counts = ledger.encode(after), ledger.counts(after)
            changed.append(row)
    LedgerPortion.objects.bulk_update(changed, ["words", "counts"])


def _any_of(places: Sequence[Place]) -> Q:
    by_channel: dict[tuple[str, str], list[int]] = {}
    for broadcast, channel, chunk in places:
        by_channel.setdefault((broadcast, channel), []).append(chunk)
    wanted = Q(pk__in=[])
    for (broadcast, channel), chunks in by_channel.items():
        wanted |= Q(broadcast_id=broadcast, channel=channel, chunk__in=chunks)
    return wanted


def figures(broadcast: str) -> dict[str, Counter[str]]:
    """For each channel how many stand under each word; no bitmap is read."""
    found: dict[str, Counter[str]] = {}
    rows = LedgerPortion.objects.filter(broadcast_id=broadcast).values_list("channel", "counts")
    for channel, counts in rows.iterator(2_000):
        found.setdefault(channel, Counter()).update(counts)
    return found


def of_key(broadcast: str, key: int) -> dict[str, str]:
    """For each channel the word under which one recipient stands: "why did this one get nothing?"."""
    chunk, bit = ledger.place(key)
    rows = LedgerPortion.objects.filter(broadcast_id=broadcast, chunk=chunk).values_list("channel", "words")
    found = {channel: ledger.word_of(ledger.decode(words), bit) for channel, words in rows}
    return {channel: word for channel, word in found.items() if word}


def belongs(broadcast: str, key: int) -> bool:
    """Whether a user was in the frozen audience."""
    chunk, bit = ledger.place(key)
    rows = AudiencePortion.objects.filter(broadcast_id=broadcast, chunk=chunk).values_list("bits", flat=True)
    return any(bit in BitMap.deserialize(bytes(bits)) for bits in rows)


def missing(broadcast: str, channel: str) -> int:
    """How many of the frozen audience stand under no word of `channel`: not yet, or lost. From the bitmaps."""
    told = {row.chunk: row for row in LedgerPortion.objects.filter(broadcast_id=broadcast, channel=channel)}
    left = 0
    for portion in AudiencePortion.objects.filter(broadcast_id=broadcast).iterator(100):
        bits = BitMap.deserialize(bytes(portion.bits))
        row = told.get(portion.chunk)
        left += len(bits - BitMap.union(BitMap(), *ledger.decode(row.words).values()) if row else bits)
    return left


def add(news: dict[Place, dict[str, BitMap]], broadcast: str, channel: str, word: str, keys: Iterable[int]) -> None:
    """Gathers `keys` under a word in `news`, for `fold`."""
    for key in keys:
        chunk, bit = ledger.place(key)
        words = news.setdefault((broadcast, channel, chunk), {})
        there = words.get(word)
        if there is None:
            words[word] = BitMap([bit])
        else:
            there.add(bit)


def keys_of(user_ids: Iterable[str]) -> dict[str, int]:
    """The numeric keys of users."""
    return dict(User.objects.filter(user_id__in=list(user_ids)).values_list("user_id", "pk"))
