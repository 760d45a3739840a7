"""Who gets a broadcast: frozen at its start, page by page, and read again in windows (decision 21).

A page frozen again sets the same bits, so a crash between costs nothing. With a local time each wave of users (those
for whom it is that time at the same moment) has portions of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from django.db.models import Sum
from pyroaring import BitMap

from foundation.control_plane import control_plane, one_transaction
from notifications.broadcasts import ledger, states
from notifications.broadcasts.models import CHUNK_BITS, AudiencePortion, Broadcast, Walk
from preferences import segments
from preferences.models import User
from preferences.segments import Member

PAGE = 10_000
KEYS_A_QUERY = 1_000
DENSE = 0.5  # from this share on, one range is read instead of single keys


@one_transaction
def freeze_page(row: Broadcast, walk: Walk) -> bool:
    """Freezes the next page of the audience; whether that was the last. `walk` is changed and saved.

    Raises NotFound when the segment is gone, ControlPlaneUnavailable.
    """
    members = segments.page(row.segment, after=walk.frozen_to, limit=PAGE)
    _set_bits(row, members)
    walk.is_frozen = len(members) < PAGE
    if members:
        walk.frozen_to = members[-1].key
    if walk.is_frozen:
        walk.audience = AudiencePortion.objects.filter(broadcast=row).aggregate(all=Sum("count"))["all"] or 0
    walk.save(update_fields=["frozen_to", "is_frozen", "audience"])
    return walk.is_frozen


def _set_bits(row: Broadcast, members: Sequence[Member]) -> None:
    waves = _waves(row, members) if row.local_time else {}
    by_place: dict[tuple[int, int], list[int]] = defaultdict(list)
    for key, _ in members:
        by_place[waves.get(key, 0) if waves else 0, key >> CHUNK_BITS].append(key & (ledger.CHUNK - 1))
    found = {place: BitMap(bits) for place, bits in by_place.items()}
    chunks = {chunk for _, chunk in found}
    there = {(one.wave, one.chunk): one for one in AudiencePortion.objects.filter(broadcast=row, chunk__in=chunks)}
    for place, bits in found.items():
        one = there.get(place) or AudiencePortion(broadcast=row, wave=place[0], chunk=place[1])
        whole = bits | BitMap.deserialize(bytes(one.bits)) if one.pk else bits
        one.bits, one.count = whole.serialize(), len(whole)
        one.save()


def _waves(row: Broadcast, members: Sequence[Member]) -> dict[int, int]:
    """For each member when it is `local_time` there, first after the broadcast's own time (ms)."""
    keys = [member.key for member in members]
    if not keys:
        return {}
    zones = User.objects.filter(pk__gte=keys[0], pk__lte=keys[-1]).values_list("pk", "time_zone")
    start = row.schedule_at or row.started_at or row.created_at
    moments: dict[str, int] = {}
    return {key: moments.setdefault(zone, local_moment(row.local_time, zone, start)) for key, zone in zones}


def local_moment(local_time: str, zone: str, start: int) -> int:
    """The first moment (ms) at or after `start` (ms) at which clocks in `zone` show `local_time` ("HH:MM")."""
    place = ZoneInfo(zone)
    begin = datetime.fromtimestamp(start / 1000, place)
    hour, minute = map(int, local_time.split(":"))
    for day in range(3):
        local = datetime.combine(begin.date() + timedelta(days=day), time(hour, minute), place)
        moment = round(local.timestamp() * 1000)
        if moment >= start:
            return moment
    raise ValueError(f"{zone} has no {local_time} near {begin}")


def waves(broadcast: str) -> list[int]:
    """The waves there are, in order (ms; 0 where users' time says nothing)."""
    rows = AudiencePortion.objects.filter(broadcast_id=broadcast)
    return list(rows.order_by("wave").values_list("wave", flat=True).distinct())


def window(broadcast: str, wave: int, *, after: int, size: int) -> list[int]:
    """Up to `size` frozen keys beyond `after`, in order: the same whenever asked. Raises ControlPlaneUnavailable."""
    return list(islice(_keys(broadcast, wave, after), size))


def _keys(broadcast: str, wave: int, after: int) -> Iterator[int]:
    rows = AudiencePortion.objects.filter(broadcast_id=broadcast, wave=wave)
    chunk = max(0, after) >> CHUNK_BITS
    while True:
        with control_plane():
            found = rows.filter(chunk__gte=chunk).order_by("chunk").values_list("chunk", "bits").first()
        if found is None:
            return
        chunk, bits = found
        keys = ledger.keys(chunk, BitMap.deserialize(bytes(bits)))
        yield from (key for key in keys if key > after)
        chunk += 1


def is_being_walked(key: int) -> bool:
    """Whether the user of `key` is in a window that a broadcast has begun and not left.

    Its seats are counted by the users' rows: who does a round again after a crash must find the same. Called inside a
    transaction; until its end no walk goes on.
    """
    walks = list(Walk.objects.select_for_update().filter(is_expanded=False))
    ids = [walk.pk for walk in walks]
    over = set(Broadcast.objects.filter(pk__in=ids, state__in=states.OVER).values_list("pk", flat=True))
    return any(
        key in window(walk.pk, walk.wave, after=walk.window_after, size=walk.window_size)
        for walk in walks
        if walk.window_size and (walk.pk not in over or walk.round_to)
    )


def user_ids(keys: Sequence[int]) -> Mapping[int, str]:
    """The user of each key, those that are still there; in few statements. Raises ControlPlaneUnavailable."""
    if not keys:
        return {}
    rows = User.objects.values_list("pk", "user_id")
    with control_plane():
        if len(keys) >= DENSE * (keys[-1] - keys[0] + 1):
            wanted = BitMap(keys) if keys[-1] < 1 << 32 else frozenset(keys)
            found = rows.filter(pk__gte=keys[0], pk__lte=keys[-1]).order_by("pk")
            return {key: user for key, user in found if key in wanted}
        return {key: user for some in _portions(keys) for key, user in rows.filter(pk__in=some)}


def _portions(keys: Sequence[int]) -> Iterable[Sequence[int]]:
    return (keys[start : start + KEYS_A_QUERY] for start in range(0, len(keys), KEYS_A_QUERY))
