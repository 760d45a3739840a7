"""Profiles out of SQL: one query a table for a whole batch (contract §4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import msgspec
import structlog

from foundation.errors import InvalidRequest
from preferences.facts import Device, PreferenceCell, Profile, QuietHours
from preferences.models import Device as DeviceRow
from preferences.models import InvalidAddress, PreferenceRow, Suppression, User
from preferences.quiet_hours_input import check_quiet_hours

log = structlog.get_logger(__name__)

_COLUMNS = ("id", "user_id", "locale", "time_zone", "email", "phone", "quiet_hours", "erased_at")


def load(user_ids: Sequence[str]) -> dict[str, Profile]:
    """A profile for each of `user_ids`; `known` is False for those nobody registered. Raises Django's errors."""
    users = list(User.objects.filter(user_id__in=user_ids).values_list(*_COLUMNS, named=True))
    keys = [user.id for user in users]
    devices = grouped(
        (owner, Device(device, token, platform))
        for owner, device, token, platform in DeviceRow.objects.filter(user__in=keys)
        .order_by("id")
        .values_list("user_id", "device_id", "token", "platform")
    )
    cells = grouped(
        (owner, PreferenceCell(scope, channel, enabled))
        for owner, scope, channel, enabled in PreferenceRow.objects.filter(user__in=keys).values_list(
            "user_id", "scope", "channel", "enabled"
        )
    )
    invalid = grouped(InvalidAddress.objects.filter(user__in=keys).values_list("user_id", "address"))
    suppressed = suppressed_of(
        chain(
            (address for user in users for address in (user.email, user.phone)),
            (device.token for owned in devices.values() for device in owned),
        )
    )
    found = {
        user.user_id: Profile(
            user_id=user.user_id,
            locale=user.locale,
            time_zone=user.time_zone,
            email=user.email,
            phone=user.phone,
            devices=tuple(devices[user.id]),
            quiet_hours=quiet_hours_of(user.user_id, user.quiet_hours),
            preferences=tuple(cells[user.id]),
            suppressed=suppressed.intersection([user.email, user.phone, *(each.token for each in devices[user.id])]),
            invalid=frozenset(invalid[user.id]),
            erased=user.erased_at is not None,
        )
        for user in users
    }
    return {user: found.get(user) or Profile(user_id=user, known=False) for user in user_ids}


def suppressed_of(addresses: Iterable[str]) -> frozenset[str]:
    """Those of `addresses` that are on the suppression list."""
    asked = {address for address in addresses if address}
    if not asked:
        return frozenset()
    return frozenset(Suppression.objects.filter(address__in=asked).values_list("address", flat=True))


def quiet_hours_of(user_id: str, stored: Any) -> QuietHours | None:
    """What can't be read must not hold up everybody else in the batch: it counts as none, and is logged."""
    if not stored:
        return None
    try:
        return check_quiet_hours(msgspec.convert(stored, QuietHours))
    except (msgspec.ValidationError, InvalidRequest) as error:
        log.error("quiet hours can't be read", user=user_id, error=str(error))
        return None


def grouped(pairs: Iterable[tuple]) -> defaultdict[int, list]:
    """(owner, value) pairs by owner."""
    groups: defaultdict[int, list] = defaultdict(list)
    for owner, value in pairs:
        groups[owner].append(value)
    return groups
