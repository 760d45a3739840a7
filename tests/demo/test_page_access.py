"""The page is there only in the demo, only for this machine, and takes nothing from other sites."""

from __future__ import annotations

import pytest
from django.test import Client

PATHS = ("/", "/demo/state", "/demo/choices", "/demo/outbox", "/demo/notifications/notif_0", "/demo/readme")
POSTS = ("/demo/send", "/demo/explain", "/demo/token", "/demo/switches", "/demo/crowd", "/demo/redis/wipe")


@pytest.mark.parametrize("path", PATHS)
def test_outside_the_demo_there_is_nothing(settings, path: str) -> None:
    settings.DEMO = False
    assert Client().get(path).status_code == 404


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("where", [{"REMOTE_ADDR": "192.0.2.7"}, {"HTTP_X_FORWARDED_FOR": "127.0.0.1"}])
def test_from_elsewhere_there_is_nothing(settings, path: str, where: dict[str, str]) -> None:
    settings.DEMO = True
    assert Client().get(path, **where).status_code == 404


@pytest.mark.parametrize("path", [*POSTS, "/demo/processes/web/kill"])
def test_a_post_needs_the_pages_own_token(settings, path: str) -> None:
    settings.DEMO = True
    client = Client(enforce_csrf_checks=True)
    assert client.post(path, data="{}", content_type="application/json").status_code == 403


def test_a_body_that_is_none_is_refused_by_name(settings) -> None:
    settings.DEMO = True
    answer = Client().post("/demo/switches", data='{"provider": 1}', content_type="application/json")
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
