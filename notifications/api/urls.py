"""Addresses of this room."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from notifications.api import auth_schema, struct_schema  # noqa: F401 - they register themselves with drf-spectacular
from notifications.api.cancelling import NotificationView
from notifications.api.preferences import PreferencesView
from notifications.api.sending import BatchView, ExplainView, SendView
from notifications.api.suppressions import (
    SuppressionExportView,
    SuppressionImportView,
    SuppressionRemovalView,
    SuppressionsView,
)
from notifications.api.types import TypesView
from notifications.api.user_tokens import TicketView, UserTokenView
from notifications.api.users import DevicesView, DeviceView, UserView
from notifications.api.whoami import WhoAmIView

urlpatterns: list[URLPattern | URLResolver] = [
    path("whoami", WhoAmIView.as_view()),
    path("types", TypesView.as_view()),
    path("notifications", SendView.as_view()),
    path("notifications/batch", BatchView.as_view()),
    path("notifications/explain", ExplainView.as_view()),
    path("", include("notifications.broadcasts.urls")),
    path("notifications/<str:id>", NotificationView.as_view()),
    path("users/<str:user_id>/tokens", UserTokenView.as_view()),
    path("users/<str:user_id>/tickets", TicketView.as_view()),
    path("users/<str:user_id>", UserView.as_view()),
    path("users/<str:user_id>/devices", DevicesView.as_view()),
    path("users/<str:user_id>/devices/<str:device_id>", DeviceView.as_view()),
    path("users/<str:user_id>/preferences", PreferencesView.as_view()),
    path("suppressions", SuppressionsView.as_view()),
    path("suppressions/remove", SuppressionRemovalView.as_view()),
    path("suppressions/import", SuppressionImportView.as_view()),
    path("suppressions/export", SuppressionExportView.as_view()),
]
