"""Every command of the README, then of the runbook, in their order, on a running platform, as a reader would type them.

Blocks of `sh` and `python` run in one shell with the demo's `var/` at hand; those marked `forever` only end with Ctrl-C
and are covered by tests/demo/test_launch.py; the block of HTML is opened in a browser.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.running import ROOT, Platform, free_port

pytestmark = pytest.mark.platform

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
RUN_WITHIN_S = 420
BUSY_S = 5
MARK = "=== block"


class Block(NamedTuple):
    """A code block: where it begins ("README.md:25"), its language, the word after it, its text."""

    place: str
    language: str
    mark: str
    text: str


def blocks_of(document: str) -> Iterator[Block]:
    text = (ROOT / document).read_text()
    for fence in re.finditer(r"^```(\w+)([^\n]*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        line = text[: fence.start()].count("\n") + 1
        yield Block(f"{document}:{line}", fence[1], fence[2].strip(), fence[3])


BLOCKS = [*blocks_of("README.md"), *blocks_of("docs/runbook.md")]
RUN = [block for block in BLOCKS if block.language in ("sh", "python") and not block.mark]
FOREVER = {
    *("make demo", "make test", "make demo-stack", "make test-stack"),
    *("ALLOWED_ORIGINS=http://localhost:8080 make demo", "python3 -m http.server 8080"),
}


@pytest.fixture(scope="module")
def page_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def platform(page_port: int) -> Iterator[Platform]:
    running = Platform({"ALLOWED_ORIGINS": f"http://localhost:{page_port}"})
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def clone(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a reader sees: the project's files, with this platform's state under `var`."""
    folder = tmp_path_factory.mktemp("clone")
    for file in ROOT.iterdir():
        if file.name not in ("var", ".venv", ".git"):
            (folder / file.name).symlink_to(file)
    (folder / "var").symlink_to(platform.var)
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


@pytest.fixture(scope="module")
def printed(platform: Platform, clone: Path) -> dict[str, tuple[int, str]]:
    """By the place of a block: its exit code and what it printed. A block after one that failed isn't there."""
    if not shutil.which("curl"):
        pytest.skip("curl is needed for the README's commands: apt install curl")
    # A refusal that isn't expected ends the run: curl alone would be content with it. The README's pauses are for a
    # machine with nothing else to do.
    script = [
        f"sleep() {{ command sleep $(($1 + {BUSY_S})); }}",
        'curl() { command curl --fail-with-body "$@" || test ${EXPECTED:-0} = 1; }',
    ]
    for block in RUN:
        body = block.text if block.language == "sh" else f".venv/bin/python - <<'PYTHON'\n{block.text}PYTHON\n"
        expected = int("# 400" in block.text)
        script.append(f"echo '{MARK} {block.place}'\nEXPECTED={expected}\n{body}\necho\necho '{MARK} done'")
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", "\n".join(script)],
        cwd=clone,
        env=platform.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=RUN_WITHIN_S,
    )
    parts = re.split(rf"^{MARK} (\S+)\n", done.stdout, flags=re.MULTILINE)
    found: dict[str, tuple[int, str]] = {}
    for name, text, following in zip(parts[1::2], parts[2::2], [*parts[3::2], ""], strict=True):
        if name != "done":
            found[name] = (0 if following == "done" else done.returncode or 1, text)
    return found


@pytest.mark.parametrize("block", RUN, ids=lambda block: block.place)
def test_the_command_works(block: Block, printed: dict[str, tuple[int, str]]) -> None:
    if block.place not in printed:
        pytest.fail("a block before this one failed")
    code, text = printed[block.place]
    assert code == 0, f"{block.text}\nprinted\n{text}"


def after(printed: dict[str, tuple[int, str]], words: str) -> str:
    """What the block that holds `words` printed."""
    block = next(block for block in RUN if words in block.text)
    return printed[block.place][1]


def test_what_the_reader_is_told_to_see_is_there(printed: dict[str, tuple[int, str]]) -> None:
    assert '"status":"accepted"' in after(printed, "set -a")
    assert re.search(r"^in_app (sent|delivered|read) ", after(printed, "Idempotency-Key"), re.MULTILINE)
    assert "Did you mean `order_shipped`" in after(printed, "order_shiped")
    assert "Ihre Bestellung" in after(printed, "/notifications/explain")
    assert "quiet_hours" in after(printed, "/notifications/explain") or "default" in after(printed, "/explain")
    assert '"estimated_channels":["in_app","push"]' in after(printed, "types add")
    assert "permanent_message" in after(printed, "--group-by error")
    assert '"address": "me@example.com"' in after(printed, "dead_letters replay")
    assert "clean" in after(printed, "audit --deep")


def test_blocks_that_never_end_are_the_ones_covered_elsewhere() -> None:
    forever = {block.text.split("#")[0].strip() for block in BLOCKS if block.mark == "forever"}
    assert forever == FOREVER
    assert {block.language for block in BLOCKS} <= {"sh", "python", "html"}


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM and "CI" not in os.environ, reason="needs Debian's chromium: apt install chromium")
def test_the_ten_lines_of_html_are_a_live_inbox(platform: Platform, page_port: int, tmp_path: Path) -> None:
    """Given the page on another origin, when an event is sent, then it appears there."""
    from playwright.sync_api import sync_playwright

    page_text = next(block.text for block in BLOCKS if block.language == "html")
    page_text = page_text.replace("localhost:8000", f"localhost:{platform.port}")
    page_text = page_text.replace("localhost:8001", f"localhost:{platform.port + 1}")
    (tmp_path / "inbox.html").write_text(page_text.replace("PASTE_USER_TOKEN", platform.demo["USER_TOKEN"]))
    with served(tmp_path, page_port), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"http://localhost:{page_port}/inbox.html")
        inbox = page.locator("notification-inbox")
        inbox.get_by_text("notification", exact=False).first.wait_for(state="attached", timeout=10_000)
        event = {
            "type": "order_shipped",
            "target": {"type": "user", "user_id": "usr_42"},
            "data": {"order_id": "ord_live77", "tracking_number": "T", "carrier": "DHL"},
        }
        with platform.client() as api:
            api.post("notifications", json=event).raise_for_status()
        inbox.get_by_text("LIVE77").first.wait_for(timeout=10_000)
        browser.close()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """Nothing to say."""


class served:
    """Serves a folder, as `python3 -m http.server` does."""

    def __init__(self, folder: Path, port: int) -> None:
        self._server = ThreadingHTTPServer(("localhost", port), partial(Quiet, directory=str(folder)))

    def __enter__(self) -> None:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
