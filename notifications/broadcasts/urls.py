"""Addresses of broadcasts, below /api/v1."""

from __future__ import annotations

from django.urls import path

from notifications.broadcasts.api import (
    BroadcastsView,
    BroadcastView,
    CancelView,
    PauseView,
    RateView,
    RecallView,
    ResumeView,
)

urlpatterns = [
    path("notifications/broadcast", BroadcastsView.as_view()),
    path("broadcasts/<str:id>", BroadcastView.as_view()),
    path("broadcasts/<str:id>/pause", PauseView.as_view()),
    path("broadcasts/<str:id>/resume", ResumeView.as_view()),
    path("broadcasts/<str:id>/cancel", CancelView.as_view()),
    path("broadcasts/<str:id>/recall", RecallView.as_view()),
    path("broadcasts/<str:id>/rate", RateView.as_view()),
]
