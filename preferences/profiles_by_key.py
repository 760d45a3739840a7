"""Profiles of a broadcast's users: straight out of SQL by numeric key, and only what its channels need.

Everybody is asked about once, so the cache would learn nothing that lasts and lose what others need. The keys stand in
the statement as numbers: as parameters a thousand of them cost more than reading their rows.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import chain
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from preferences.facts import Device, PreferenceCell, Profile
from preferences.models import Device as DeviceRow
from preferences.models import InvalidAddress, PreferenceRow, User
from preferences.profile_rows import grouped, quiet_hours_of, suppressed_of

KEYS_A_STATEMENT = 5_000
_COLUMNS = ("id", "user_id", "locale", "time_zone", "email", "phone", "quiet_hours", "erased_at")
_ALWAYS_ON = {"in_app"}

M = TypeVar("M", bound=Model)


def load(keys: Sequence[int], channels: Collection[str]) -> dict[str, Profile]:
    """A profile by user id for each of `keys` that is there, with what deciding on `channels` needs.

    Raises Django's errors.
    """
    found: dict[str, Profile] = {}
    for start in range(0, len(keys), KEYS_A_STATEMENT):
        found.update(_load(keys[start : start + KEYS_A_STATEMENT], set(channels)))
    return found


def _load(keys: Sequence[int], channels: set[str]) -> dict[str, Profile]:
    users = list(_of(User.objects, "id", keys).values_list(*_COLUMNS))
    if channels <= _ALWAYS_ON:
        return {row[1]: _profile(row, (), (), (), frozenset()) for row in users}
    devices = _devices(keys) if "push" in channels else {}
    cells = grouped(
        (owner, PreferenceCell(scope, channel, enabled))
        for owner, scope, channel, enabled in _of(PreferenceRow.objects, "user_id", keys).values_list(
            "user_id", "scope", "channel", "enabled"
        )
    )
    invalid = grouped(_of(InvalidAddress.objects, "user_id", keys).values_list("user_id", "address"))
    tokens = (device.token for owned in devices.values() for device in owned)
    suppressed = suppressed_of(chain(chain.from_iterable(_contacts(row, channels) for row in users), tokens))
    return {
        row[1]: _profile(row, devices.get(row[0], ()), cells.get(row[0], ()), invalid.get(row[0], ()), suppressed)
        for row in users
    }


def _devices(keys: Sequence[int]) -> dict[int, list[Device]]:
    rows = _of(DeviceRow.objects, "user_id", keys).order_by("id")
    columns = rows.values_list("user_id", "device_id", "token", "platform")
    return grouped((owner, Device(device, token, platform)) for owner, device, token, platform in columns)


def _contacts(row: tuple[Any, ...], channels: set[str]) -> list[str]:
    email, phone = row[4], row[5]
    return [each for each, channel in ((email, "email"), (phone, "sms")) if each and channel in channels]


def _profile(
    row: tuple[Any, ...],
    devices: Sequence[Device],
    cells: Sequence[PreferenceCell],
    invalid: Sequence[str],
    suppressed: frozenset[str],
) -> Profile:
    _, user, locale, zone, email, phone, quiet, erased = row
    mine = suppressed and suppressed.intersection([email, phone, *(device.token for device in devices)])
    return Profile(
        user_id=user,
        locale=locale,
        time_zone=zone,
        email=email,
        phone=phone,
        devices=tuple(devices),
        quiet_hours=quiet_hours_of(user, quiet) if quiet else None,
        preferences=tuple(cells),
        suppressed=mine or frozenset(),
        invalid=frozenset(invalid),
        erased=erased is not None,
    )


def _of(rows: Any, column: str, keys: Sequence[int]) -> QuerySet[Any]:
    """Those rows whose `column` is one of `keys`, which are numbers and nothing else."""
    table, numbers = rows.model._meta.db_table, ",".join([str(int(key)) for key in keys])
    found: QuerySet[Any] = rows.order_by().extra(where=[f"{table}.{column} IN ({numbers})"])  # noqa: S610  numbers
    return found
