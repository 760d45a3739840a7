"""Addresses of this room."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from delivery import probes
from delivery.api import OutboxView

urlpatterns: list[URLPattern | URLResolver] = [
    path("health/live", probes.live),
    path("health/ready", probes.ready),
    path("metrics", probes.scrape),
    path("api/v1/sandbox/outbox", OutboxView.as_view()),
]
