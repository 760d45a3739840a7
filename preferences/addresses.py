"""Addresses that are dead: what delivery and receipts report (contract §4). For unwanted ones see `suppression`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from django.db import transaction

from preferences.contact_points import device_id_of
from preferences.models import Device, InvalidAddress, User
from preferences.profiles import forget_after_commit


def invalidate_address(user: str, channel: str, address: str) -> None:
    """`invalidate_addresses` for one."""
    invalidate_addresses([(user, channel, address)])


def invalidate_addresses(dead: Iterable[tuple[str, str, str]]) -> None:
    """Takes (user, channel, address) that a provider called dead out of use. Harmless when repeated.

    A push token is deleted; an email or phone number is marked on its user, until the user is given another.
    """
    by_channel: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for user, channel, address in dead:
        by_channel[channel].add((user, address))
    with transaction.atomic():
        _delete_tokens(by_channel.pop("push", set()))
        for channel, pairs in by_channel.items():
            _mark(channel, pairs)
    forget_after_commit(sorted({user for pairs in by_channel.values() for user, _ in pairs}))


def _delete_tokens(pairs: set[tuple[str, str]]) -> None:
    if pairs:
        Device.objects.filter(
            device_id__in=[device_id_of(token) for _, token in pairs], user__user_id__in=[user for user, _ in pairs]
        ).delete()


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
