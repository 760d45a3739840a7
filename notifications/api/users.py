"""`/users/{id}` and `/users/{id}/devices` (contract §2)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from notifications.api.parsing import Body, decode
from notifications.api.permissions import authorize_user
from preferences import registry
from preferences.facts import QuietHours
from preferences.models import Device, User


class QuietHoursBody(Body, frozen=True):
    """Local times "HH:MM" in the user's zone; `days` are ISO weekdays (1 Monday … 7 Sunday) on which they start."""

    start: str
    end: str
    days: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7)


class UserBody(Body, frozen=True):
    """What is left out stays as it is; null clears it."""

    email: str | msgspec.UnsetType | None = msgspec.UNSET
    phone: str | msgspec.UnsetType | None = msgspec.UNSET
    locale: str | msgspec.UnsetType | None = msgspec.UNSET
    time_zone: str | msgspec.UnsetType | None = msgspec.UNSET
    quiet_hours: QuietHoursBody | msgspec.UnsetType | None = msgspec.UNSET
    attributes: dict[str, Any] | msgspec.UnsetType | None = msgspec.UNSET
    last_active: datetime | msgspec.UnsetType | None = msgspec.UNSET


class DeviceBody(Body, frozen=True):
    """A push token as the platform gave it. `platform`: apns, fcm, web."""

    token: str
    platform: str
    name: str = ""


class DeviceAnswer(msgspec.Struct, frozen=True):
    """A registered push token; `id` is computed from it."""

    id: str
    platform: str
    token: str
    name: str
    registered_at: datetime


class DevicesAnswer(msgspec.Struct, frozen=True):
    devices: list[DeviceAnswer]


class UserAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A user as registered; null is what nobody gave. `invalid_addresses` were reported dead and aren't used."""

    user_id: str
    email: str | None
    phone: str | None
    locale: str | None
    time_zone: str
    quiet_hours: QuietHours | None
    attributes: dict[str, Any]
    last_active: datetime | None
    invalid_addresses: list[str]


class UserView(APIView):
    """A user's contact points, locale, time zone and quiet hours."""

    @extend_schema(responses={200: UserAnswer}, tags=["users"])
    def get(self, request: Request, user_id: str) -> Response:
        """The user as registered."""
        authorize_user(request, user_id)
        return Response(_user_answer(registry.find_user(user_id)))

    @extend_schema(request={"application/json": UserBody}, responses={200: UserAnswer, 201: UserAnswer}, tags=["users"])
    def put(self, request: Request, user_id: str) -> Response:
        """Registers a user, or changes what is given."""
        authorize_user(request, user_id)
        body = decode(request, UserBody)
        given = {name: getattr(body, name) for name in UserBody.__struct_fields__}
        changes = {name: value for name, value in given.items() if value is not msgspec.UNSET}
        if isinstance(body.quiet_hours, QuietHoursBody):
            changes["quiet_hours"] = QuietHours(body.quiet_hours.start, body.quiet_hours.end, body.quiet_hours.days)
        user, created = registry.put_user(user_id, changes)
        return Response(_user_answer(user), status=201 if created else 200)


class DevicesView(APIView):
    """A user's push tokens."""

    @extend_schema(responses={200: DevicesAnswer}, tags=["users"])
    def get(self, request: Request, user_id: str) -> Response:
        """All devices of a user."""
        authorize_user(request, user_id)
        return Response(DevicesAnswer([_device_answer(device) for device in registry.devices_of(user_id)]))

    @extend_schema(
        request={"application/json": DeviceBody}, responses={200: DeviceAnswer, 201: DeviceAnswer}, tags=["users"]
    )
    def put(self, request: Request, user_id: str) -> Response:
        """Registers a push token. One registered for another user moves here."""
        authorize_user(request, user_id)
        body = decode(request, DeviceBody)
        device, new = registry.put_device(user_id, token=body.token, platform=body.platform, name=body.name)
        return Response(_device_answer(device), status=201 if new else 200)


class DeviceView(APIView):
    """One push token."""

    @extend_schema(responses={204: None}, tags=["users"])
    def delete(self, request: Request, user_id: str, device_id: str) -> Response:
        """Removes a device: nothing is pushed to it any more."""
        authorize_user(request, user_id)
        registry.delete_device(user_id, device_id)
        return Response(status=204)


def _user_answer(user: User) -> UserAnswer:
    return UserAnswer(
        user_id=user.user_id,
        email=user.email or None,
        phone=user.phone or None,
        locale=user.locale or None,
        time_zone=user.time_zone,
        quiet_hours=msgspec.convert(user.quiet_hours, QuietHours) if user.quiet_hours else None,
        attributes=user.attributes,
        last_active=user.last_active,
        invalid_addresses=[mark.address for mark in user.invalid_addresses.all()],
    )


def _device_answer(device: Device) -> DeviceAnswer:
    return DeviceAnswer(device.device_id, device.platform, device.token, device.name, device.registered_at)
