"""All addresses."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

admin.autodiscover()  # here and not in every process: workers and commands have no pages (config/settings.py)

# The docs tell nothing that a token guards.
PUBLIC: dict[str, list[object]] = {"authentication_classes": [], "permission_classes": []}

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/schema", SpectacularAPIView.as_view(**PUBLIC), name="schema"),
    path("api/docs", SpectacularSwaggerView.as_view(url_name="schema", **PUBLIC), name="docs"),
    path("api/v1/", include("notifications.api.urls")),
    path("", include("notifications.pages.urls")),
    path("", include("channels_app.urls")),
    path("", include("delivery.urls")),
    path("", include("demo.urls")),
]

if settings.ENV.BENCH:
    urlpatterns.append(path("", include("bench.urls")))

handler404 = "notifications.api.problems.page_not_found"
handler500 = "notifications.api.problems.server_error"
