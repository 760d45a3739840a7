"""Every line of docs/integrate.md on a running platform, in its order, as a reader would type it."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import ROOT, Platform
from tests.test_readme import MARK, Block, blocks_of

pytestmark = pytest.mark.platform

RUN_WITHIN_S = 240
HAS_GRPC = importlib.util.find_spec("notifications.grpc") is not None
BLOCKS = [block for block in blocks_of("docs/integrate.md") if HAS_GRPC or block.mark != "grpc"]


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    running = Platform()
    yield running.start()
    running.stop()


@pytest.fixture(scope="module")
def printed(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """By the place of a block: what it printed. A block that failed, and those after it, aren't there."""
    folder = tmp_path_factory.mktemp("reader")
    (folder / "var").symlink_to(platform.var)
    (folder / ".venv").symlink_to(sys.prefix)
    environment = platform.environment | {"GRPC": f"localhost:{platform.port + 2}", "PYTHONPATH": str(ROOT)}
    environment |= {"VAR": "var", "TERM": "dumb"}
    script = "\n".join(f"echo '{MARK} {block.place}'\n{_typed(block)}\necho\necho '{MARK} done'" for block in BLOCKS)
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=RUN_WITHIN_S,
    )
    parts = re.split(rf"^{MARK} (\S+)\n", done.stdout, flags=re.MULTILINE)
    ended = zip(parts[1::2], parts[2::2], [*parts[3::2], ""], strict=True)
    found = {place: text for place, text, following in ended if place != "done" and following == "done"}
    if done.returncode:
        found["failed"] = done.stdout[-2_000:]
    return found


def _typed(block: Block) -> str:
    if block.language == "sh":
        return f'curl() {{ command curl --fail-with-body "$@"; }}\n{block.text}'
    return f".venv/bin/python -W error - <<'PYTHON'\n{block.text}PYTHON"


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.place)
def test_it_works(block: Block, printed: dict[str, str]) -> None:
    assert block.place in printed, printed.get("failed")


def test_what_the_reader_is_told_to_see_is_there(printed: dict[str, str]) -> None:
    everything = "\n".join(printed.values())
    assert "200 accepted" in everything
    assert "delivered" in everything
    assert "Did you mean `order_shipped`" in everything


def test_the_page_has_each_task_four_ways() -> None:
    text = (ROOT / "docs" / "integrate.md").read_text()
    for task in re.split(r"^## \d\. ", text, flags=re.MULTILINE)[1:]:
        ways = re.findall(r"^```(.+)$", task.partition("\n## ")[0], re.MULTILINE)
        assert ways[:4] == ["sh curl", "python", "python grpc", "sh"], Path("docs/integrate.md")
