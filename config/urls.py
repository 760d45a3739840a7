"""All addresses."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/v1/", include("notifications.api.urls")),
    path("", include("channels_app.urls")),
    path("", include("delivery.urls")),
    path("", include("demo.urls")),
]
