"""Addresses of this room."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from notifications.api import struct_schema  # noqa: F401 - registers itself with drf-spectacular
from notifications.api.preferences import PreferencesView
from notifications.api.users import DevicesView, DeviceView, UserView

urlpatterns: list[URLPattern | URLResolver] = [
    path("users/<str:user_id>", UserView.as_view()),
    path("users/<str:user_id>/devices", DevicesView.as_view()),
    path("users/<str:user_id>/devices/<str:device_id>", DeviceView.as_view()),
    path("users/<str:user_id>/preferences", PreferencesView.as_view()),
]
