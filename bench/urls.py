"""The denominator of accepting: a view that does nothing, behind everything a real one is behind but its work."""

from __future__ import annotations

from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


class EmptyView(APIView):
    """202 with the shape of an answer; no authentication, no body read."""

    authentication_classes: list[type] = []
    permission_classes: list[type] = []

    def post(self, request: Request) -> Response:
        return Response({"notification_id": "notif_0", "status": "accepted", "estimated_channels": []}, status=202)


urlpatterns = [path("api/v1/bench/empty", EmptyView.as_view())]
