"""Addresses that are dead or unwanted: what delivery and receipts report (contract §4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

from django.db import transaction

from preferences.contact_points import device_id_of
from preferences.models import Device, InvalidAddress, Suppression, User
from preferences.profiles import forget_after_commit
from preferences.signals import owners_of


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


def suppress(address: str, channel: str, reason: str = Suppression.Reason.MANUAL) -> None:
    """Nothing goes to this address on this channel any more, whoever it belongs to. The first reason stays."""
    Suppression.objects.get_or_create(address=address, channel=channel, defaults={"reason": reason})


def unsuppress(addresses: Collection[str], channel: str) -> int:
    """Takes addresses off the list; returns how many were on it."""
    with transaction.atomic():
        count, _ = Suppression.objects.filter(address__in=addresses, channel=channel).delete()
        forget_after_commit(owners_of(list(addresses)))
    return count


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
