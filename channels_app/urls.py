"""Addresses of this room."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from channels_app.api import InboxView, ReadAllView, StateView

INBOX = "api/v1/users/<str:user_id>/notifications"

urlpatterns: list[URLPattern | URLResolver] = [
    path(INBOX, InboxView.as_view()),
    path(f"{INBOX}/read_all", ReadAllView.as_view()),
    path(f"{INBOX}/<str:notification_id>/<str:action>", StateView.as_view()),
]
