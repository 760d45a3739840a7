"""Addresses that are dead: what delivery and receipts report (contract §4). For unwanted ones see `suppression`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from preferences.contact_points import device_id_of
from preferences.models import Device, InvalidAddress, User
from preferences.profiles import forget_after_commit


def invalidate_address(user: str, channel: str, address: str) -> None:
    """`invalidate_addresses` for one."""
    invalidate_addresses([Dead(user, channel, address)])


class Dead(NamedTuple):
    """An address that a provider called dead; `since` (ms) where it says since when."""

    user: str
    channel: str
    address: str
    since: int | None = None


def invalidate_addresses(dead: Iterable[Dead]) -> None:
    """Takes addresses that a provider called dead out of use. Harmless when repeated.

    A push token is deleted, unless it was registered again since it died: a device that comes back keeps its token. An
    email or phone number is marked on its user, until the user is given another.
    """
    tokens: list[Dead] = []
    by_channel: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for each in dead:
        if each.channel == "push":
            tokens.append(each)
        else:
            by_channel[each.channel].add((each.user, each.address))
    with transaction.atomic():
        _delete_tokens(tokens)
        for channel, pairs in by_channel.items():
            _mark(channel, pairs)
    forget_after_commit(sorted({user for pairs in by_channel.values() for user, _ in pairs}))


def _delete_tokens(dead: Sequence[Dead]) -> None:
    if not dead:
        return
    since = {(each.user, device_id_of(each.address)): each.since for each in dead}
    found = Device.objects.filter(
        device_id__in=[device for _, device in since], user__user_id__in=[user for user, _ in since]
    ).values_list("pk", "user__user_id", "device_id", "registered_at")
    gone = {pk: at for pk, user, device, at in found if _is_dead(since, (user, device), at)}
    if gone:
        # Looked at again under a lock: one may have been registered anew since.
        now = Device.objects.select_for_update().filter(pk__in=list(gone)).values_list("pk", "registered_at")
        Device.objects.filter(pk__in=[pk for pk, at in now if at == gone[pk]]).delete()


def _is_dead(since: dict[tuple[str, str], int | None], key: tuple[str, str], registered_at: datetime) -> bool:
    if key not in since:
        return False
    died = since[key]
    return died is None or int(registered_at.timestamp() * 1_000) <= died


def _mark(channel: str, pairs: set[tuple[str, str]]) -> None:
    keys = dict(User.objects.filter(user_id__in=[user for user, _ in pairs]).values_list("user_id", "id"))
    InvalidAddress.objects.bulk_create(
        [
            InvalidAddress(user_id=keys[user], channel=channel, address=address)
            for user, address in sorted(pairs)
            if user in keys
        ],
        ignore_conflicts=True,
    )
