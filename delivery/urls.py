"""Addresses of this room."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from delivery import probes
from delivery.api import OutboxView
from delivery.dead_letters_api import DeadLetterGroupsView, DeadLettersView
from delivery.receipts.views import webhook

urlpatterns: list[URLPattern | URLResolver] = [
    path("health/live", probes.live),
    path("health/ready", probes.ready),
    path("metrics", probes.scrape),
    path("webhooks/<str:provider>", webhook),
    path("api/v1/sandbox/outbox", OutboxView.as_view()),
    path("api/v1/dead_letters", DeadLettersView.as_view()),
    path("api/v1/dead_letters/groups", DeadLetterGroupsView.as_view()),
]
