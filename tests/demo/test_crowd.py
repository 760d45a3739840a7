"""The crowd and its generator: what wasn't answered is posted again under the same key."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from demo.company import KINDS
from demo.crowd import BATCH, MIX, USERS, Generator, bodies, make_crowd, progress
from preferences.models import Device, User

EXAMPLES: dict[str, dict[str, Any]] = {kind.name: kind.example for kind in KINDS}


class Web(BaseHTTPRequestHandler):
    """Takes every batch but the first it sees, which it breaks off as a killed web does."""

    keys: list[str] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.keys.append(self.headers["Idempotency-Key"])
        if len(self.keys) == 1:
            self.connection.close()
            return
        told = json.dumps({"accepted": len(json.loads(body)["notifications"]), "refused": 0}).encode()
        self.send_response(202)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, format: str, *args: Any) -> None: ...


@pytest.fixture
def api() -> Iterator[str]:
    Web.keys = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Web)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_a_killed_web_costs_a_repeat_and_nothing_else(api: str, tmp_path: Path) -> None:
    path = tmp_path / "crowd.json"
    told = Generator(api=api, token="t", path=path, count=3 * BATCH, rate=1_000_000).run(EXAMPLES)
    assert (told.accepted, told.posted_again, told.done) == (3 * BATCH, 1, True)
    assert Web.keys[0] == Web.keys[-1]
    assert len(set(Web.keys)) == 3
    found = progress(path)
    assert found
    assert found.accepted == 3 * BATCH


def test_everybody_gets_as_many_and_the_mix_is_kept() -> None:
    made = list(bodies(2 * USERS, EXAMPLES))
    assert set(Counter(body["target"]["user_id"] for body in made).values()) == {2}
    shares = Counter(channel for body in made for channel in body["channels"])
    assert shares["in_app"] / len(made) == pytest.approx(0.75)
    assert shares["push"] / len(made) == pytest.approx(0.4)
    assert shares["email"] / len(made) == pytest.approx(0.15)
    assert {kind for kind, _ in MIX} <= EXAMPLES.keys()


def test_a_generator_that_is_gone_is_done(tmp_path: Path) -> None:
    path = tmp_path / "crowd.json"
    path.write_text('{"total": 10, "accepted": 4, "pid": 4194304, "started_at": 1, "at": 1}')
    found = progress(path)
    assert found
    assert found.done
    assert progress(tmp_path / "none.json") is None


@pytest.mark.django_db
@pytest.mark.usefixtures("redis")
def test_the_crowd_is_made_once() -> None:
    make_crowd(50)
    make_crowd(50)
    assert User.objects.filter(user_id__startswith="crowd_").count() == 50
    assert Device.objects.filter(user__user_id__startswith="crowd_").count() == 50
