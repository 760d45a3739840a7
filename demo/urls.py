"""Addresses of this room: all of them are there only in the demo, for this machine alone (demo/page/access.py)."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from demo.page import live, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.page, name="demo"),
    path("demo/choices", views.choose),
    path("demo/send", views.send),
    path("demo/explain", views.explain_it),
    path("demo/token", views.token),
    path("demo/switches", views.switch),
    path("demo/processes/<str:name>/kill", views.kill),
    path("demo/redis/wipe", views.wipe_redis),
    path("demo/crowd", views.start_crowd),
    path("demo/readme", views.readme, name="demo-readme"),
    path("demo/state", live.state),
    path("demo/notifications/<str:id>", live.one_way),
    path("demo/outbox", live.user_outbox),
]
