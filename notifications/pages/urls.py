"""Addresses that mails link to."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from notifications.pages.hosted import preferences_page
from notifications.pages.unsubscribe import unsubscribe

urlpatterns: list[URLPattern | URLResolver] = [
    path("u/<str:token>", unsubscribe),
    path("unsubscribe/<str:token>", unsubscribe),
    path("p/<str:token>", preferences_page),
]
