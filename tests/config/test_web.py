"""The web role's ASGI application, without a server and with both servers it must run under."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from config import asgi
from config.bridge import WsgiBridge, environ

ROOT = Path(__file__).parents[2]


def client() -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(asgi.application), base_url="http://localhost")


async def test_a_page_and_a_problem_come_through():
    async with client() as web:
        page = await web.get("/api/docs")
        refused = await web.post("/api/v1/notifications", json={})
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert (refused.status_code, refused.headers["content-type"]) == (401, "application/problem+json")


async def test_head_has_the_headers_alone():
    async with client() as web:
        answer = await web.head("/api/docs")
    assert answer.status_code == 200
    assert answer.content == b""


async def test_static_files_are_streamed():
    async with client() as web:
        answer = await web.get("/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js")
    assert answer.status_code == 200
    assert len(answer.content) == int(answer.headers["content-length"])


async def test_a_body_without_declared_length_is_cut_off_at_the_limit(settings):
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 1_000_000

    async with client() as web:
        answer = await web.post("/api/v1/notifications/batch", content=endless())
    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"


async def test_half_a_body_is_never_run():
    def must_not_run(environment, start_response):
        raise AssertionError("run with half a body")

    messages = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])
    sent = []

    async def receive():
        return next(messages)

    async def send(message):
        sent.append(message)

    bridge = WsgiBridge(must_not_run, workers=1, max_bytes=100)
    await bridge({"type": "http"}, receive, send)
    assert sent == []


async def test_requests_run_beside_each_other():
    together = threading.Barrier(4, timeout=5)  # broken unless four threads stand at it at once

    def meeting(environment, start_response):
        together.wait()
        start_response("200 OK", [])
        return [b"met"]

    bridge = WsgiBridge(meeting, workers=4, max_bytes=100)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(bridge), base_url="http://localhost") as web:
        answers = await asyncio.gather(*[web.get("/") for _ in range(4)])
    assert [answer.content for answer in answers] == [b"met"] * 4


def test_a_header_with_an_underscore_passes_for_no_other():
    scope = {"method": "GET", "path": "/", "query_string": b"", "http_version": "1.1"}
    found = environ(scope | {"headers": [(b"x_user", b"forged"), (b"x-user", b"true")]}, b"")
    assert found["HTTP_X_USER"] == "true"


@pytest.mark.parametrize(
    "command",
    [["uvicorn", "--host", "127.0.0.1", "--port"], ["daphne", "-b", "127.0.0.1", "-p"]],
    ids=["uvicorn", "daphne"],
)
def test_it_runs_under(command):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    module, *options = command
    server = subprocess.Popen(
        [sys.executable, "-m", module, *options, str(port), "config.asgi:application"],
        cwd=ROOT,
        env=os.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert _get(f"http://127.0.0.1:{port}/api/docs").status_code == 200
    finally:
        server.terminate()
        server.wait(10)


def _get(url: str) -> httpx.Response:
    deadline = time.monotonic() + 60
    while True:
        try:
            return httpx.get(url)
        except httpx.ConnectError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
