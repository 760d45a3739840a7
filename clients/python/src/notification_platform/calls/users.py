"""Users, devices, preferences, short-lived tokens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from notification_platform.calls.event import as_json
from notification_platform.calls.paths import path_of
from notification_platform.people import Device, Devices, Preferences, QuietHours, User, UserToken
from notification_platform.steps import Call, Flow, one


class Unset:
    """Marks what isn't given, where None means "clear it"."""

    def __repr__(self) -> str:
        return "UNSET"


UNSET = Unset()


def get(user: str) -> Flow[User]:
    """The user as registered. Raises NotFound."""
    return one(Call(name="user", method="GET", path=path_of("users", user), answer=User))


def put(
    user: str,
    *,
    email: str | Unset | None = UNSET,
    phone: str | Unset | None = UNSET,
    locale: str | Unset | None = UNSET,
    time_zone: str | Unset | None = UNSET,
    quiet_hours: QuietHours | Unset | None = UNSET,
    attributes: Mapping[str, Any] | Unset | None = UNSET,
    last_active: datetime | Unset | None = UNSET,
) -> Flow[User]:
    """Registers a user, or changes what is given; None clears it."""
    given = {
        "email": email,
        "phone": phone,
        "locale": locale,
        "time_zone": time_zone,
        "quiet_hours": quiet_hours,
        "attributes": attributes,
        "last_active": last_active,
    }
    body = as_json({name: value for name, value in given.items() if not isinstance(value, Unset)})
    return one(Call(name="put_user", method="PUT", path=path_of("users", user), body=body, answer=User))


def make_token(user: str) -> Flow[UserToken]:
    """A token for the user's own app, good for minutes and for this user's inbox and preferences."""
    return one(
        Call(name="user_token", method="POST", path=path_of("users", user, "tokens"), body=b"{}", answer=UserToken)
    )


def devices(user: str) -> Flow[list[Device]]:
    """The user's push tokens."""
    found: Devices = yield Call(name="devices", method="GET", path=path_of("users", user, "devices"), answer=Devices)
    return found.devices


def put_device(user: str, *, token: str, platform: str, name: str = "") -> Flow[Device]:
    """Registers a push token (`platform`: apns, fcm, web); one registered for another user moves here."""
    body = as_json({"token": token, "platform": platform, "name": name})
    return one(Call(name="put_device", method="PUT", path=path_of("users", user, "devices"), body=body, answer=Device))


def delete_device(user: str, device_id: str) -> Flow[None]:
    """Nothing is pushed to it any more."""
    path = path_of("users", user, "devices", device_id)
    return one(Call(name="delete_device", method="DELETE", path=path, answer=type(None)))


def preferences(user: str) -> Flow[Preferences]:
    """The whole effective matrix, with why each cell is what it is."""
    return one(Call(name="preferences", method="GET", path=path_of("users", user, "preferences"), answer=Preferences))


def prefer(user: str, cells: Iterable[tuple[str, str, bool]]) -> Flow[Preferences]:
    """Sets cells (type, category or "*"; channel or "*"; on or off) and leaves the others.

    Raises Conflict for turning off what is mandatory.
    """
    body = {"preferences": [{"type": kind, "channel": channel, "enabled": on} for kind, channel, on in cells]}
    path = path_of("users", user, "preferences")
    return one(Call(name="prefer", method="PUT", path=path, body=as_json(body), answer=Preferences))
