"""A row written anywhere, the admin included, drops the profiles it belongs to.

Bulk writes and `update()` send no signals: they call `preferences.profiles.forget_after_commit` themselves.
"""

from __future__ import annotations

from typing import Any

from django.db.models.signals import post_delete, post_save, pre_save

from preferences.models import Device, InvalidAddress, PreferenceRow, Suppression, User
from preferences.profiles import forget_after_commit


def connect() -> None:
    """Connects the receivers; called once, when the app is ready."""
    for signal in (post_save, post_delete):
        signal.connect(_user_written, sender=User)
        signal.connect(_suppression_written, sender=Suppression)
        for model in (Device, InvalidAddress, PreferenceRow):
            signal.connect(_owned_row_written, sender=model)
    pre_save.connect(_device_moving, sender=Device)


def _user_written(instance: User, **_: Any) -> None:
    forget_after_commit([instance.user_id])


def _owned_row_written(instance: Any, **_: Any) -> None:
    forget_after_commit([instance.user.user_id])


def _device_moving(instance: Device, **_: Any) -> None:
    """The one it belonged to loses it."""
    if instance.pk:
        forget_after_commit(list(User.objects.filter(devices=instance.pk).values_list("user_id", flat=True)))


def _suppression_written(instance: Suppression, **_: Any) -> None:
    forget_after_commit(owners_of([instance.address]))


def owners_of(addresses: list[str]) -> list[str]:
    """The ids of all users with one of these emails, phone numbers or push tokens.

    A union: each part has its index, where one condition over all of them reads every user there is.
    """
    from preferences.contact_points import device_id_of

    tokens = [device_id_of(address) for address in addresses]
    ids = User.objects.order_by().values_list("user_id", flat=True)
    return list(
        ids.filter(email__in=addresses).union(
            ids.filter(phone__in=addresses), ids.filter(devices__device_id__in=tokens)
        )
    )
