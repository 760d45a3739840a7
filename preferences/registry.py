"""Users and their devices: who can be reached where (contract §2, users). Free of HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from foundation.control_plane import one_transaction
from foundation.errors import Conflict, InvalidRequest, NotFound
from preferences.changing import changing
from preferences.contact_points import (
    check_email,
    check_locale,
    check_phone,
    check_time_zone,
    check_token,
    check_user_id,
    device_id_of,
)
from preferences.facts import QuietHours
from preferences.models import Device, InvalidAddress, User
from preferences.models.user import PLATFORMS
from preferences.quiet_hours_input import check_quiet_hours

MAX_DEVICES = 50
MAX_ATTRIBUTES_BYTES = 8 * 1024
MAX_DEVICE_NAME = 100

_CHECKS: dict[str, Callable[[str], str]] = {
    "email": check_email,
    "phone": check_phone,
    "locale": check_locale,
    "time_zone": check_time_zone,
}
_CLEARED: dict[str, Any] = {"email": "", "phone": "", "locale": "", "time_zone": "UTC", "attributes": dict}
_CHANNEL_OF = {"email": "email", "phone": "sms"}


def find_user(user_id: str) -> User:
    """The registered user. Raises NotFound."""
    user = User.objects.filter(user_id=user_id, erased_at=None).first()
    if user is None:
        raise NotFound(f"Nobody has registered the user “{user_id}”.", remedy="Register the user with PUT /users/{id}.")
    return user


@one_transaction
def put_user(user_id: str, changes: dict[str, Any]) -> tuple[User, bool]:
    """Registers a user or changes the parts named in `changes`; None clears a part. Returns it and whether it is new.

    Parts: email, phone, locale, time_zone, quiet_hours (`facts.QuietHours`), attributes (dict), last_active (datetime).
    Raises InvalidRequest with the field named, Conflict for an erased user.
    """
    values = {field: _checked(field, value) for field, value in changes.items()}
    with changing(user_id):
        user, created = ensure_user(user_id)
        replaced = [
            channel for field, channel in _CHANNEL_OF.items() if values.get(field) not in (None, getattr(user, field))
        ]
        for field, value in values.items():
            setattr(user, field, value)
        user.save()
        if replaced:
            InvalidAddress.objects.filter(user=user, channel__in=replaced).delete()
    return user, created


def ensure_user(user_id: str) -> tuple[User, bool]:
    """The user's row, made if there is none; whether it was made. Raises InvalidRequest, Conflict for an erased one."""
    user, created = User.objects.get_or_create(user_id=check_user_id(user_id))
    if user.erased_at is not None:
        raise Conflict("This user was erased.", code="erased", remedy="Use another user id.")
    return user, created


@one_transaction
def put_device(user_id: str, *, token: str, platform: str, name: str = "") -> tuple[Device, bool]:
    """Registers a push token; one that was another user's moves. Returns the device and whether it is new to this user.

    The user is registered if nobody has. Past MAX_DEVICES the ones registered longest ago go.
    """
    check_token(token)
    if platform not in PLATFORMS:
        raise InvalidRequest(
            f"“{platform}” is no platform.", field="platform", remedy=f"Use one of {', '.join(PLATFORMS)}."
        )
    if len(name) > MAX_DEVICE_NAME:
        raise InvalidRequest("The name is too long.", field="name", remedy=f"Use up to {MAX_DEVICE_NAME} characters.")
    device_id = device_id_of(token)
    former = list(User.objects.filter(devices__device_id=device_id).values_list("user_id", flat=True))
    with changing(user_id, *former):
        user, _ = ensure_user(user_id)
        device, _ = Device.objects.update_or_create(
            device_id=device_id, defaults={"user": user, "token": token, "platform": platform, "name": name}
        )
        kept = user.devices.order_by("-registered_at", "-id").values_list("id", flat=True)[:MAX_DEVICES]
        user.devices.exclude(id__in=list(kept)).delete()
    return device, user_id not in former


def devices_of(user_id: str) -> list[Device]:
    """A user's devices, none for a user nobody registered."""
    return list(Device.objects.filter(user__user_id=user_id, user__erased_at=None))


@one_transaction
def delete_device(user_id: str, device_id: str) -> None:
    """Removes a device. Raises NotFound if this user has none with that id."""
    with changing(user_id):
        deleted, _ = Device.objects.filter(user__user_id=user_id, device_id=device_id).delete()
        if not deleted:
            raise NotFound("This user has no such device.", remedy="GET /users/{id}/devices lists them.")


def _checked(field: str, value: Any) -> Any:
    if value is None:
        cleared = _CLEARED.get(field)
        return cleared() if callable(cleared) else cleared
    if field in _CHECKS:
        return _CHECKS[field](value)
    if isinstance(value, QuietHours):
        return msgspec.to_builtins(check_quiet_hours(value))
    if isinstance(value, datetime) and value.tzinfo is None:
        raise InvalidRequest("The time has no zone.", field=field, remedy="End it with Z or an offset such as +02:00.")
    if field == "attributes" and len(json.dumps(value)) > MAX_ATTRIBUTES_BYTES:
        raise InvalidRequest(
            "The attributes are too large.", field=field, remedy=f"Keep them under {MAX_ATTRIBUTES_BYTES} bytes."
        )
    return value
