"""The bench of the channels still runs: every adapter and every bare library sends against its simulator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.channels.made import LANES
from tests.running import ROOT

WITHIN_S = 180


@pytest.mark.platform
def test_every_provider_has_its_row_with_both_sides(tmp_path: Path) -> None:
    out = tmp_path / "figures.json"
    done = subprocess.run(
        [sys.executable, "-m", "bench.channels", "--quick"],
        cwd=ROOT,
        env={**os.environ, "BENCH_OUT": str(out)},
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads(out.read_text())["table"]
    assert [row["what"].partition(":")[0] for row in rows] == list(LANES)
    assert all("events/s" in row["measured"] and "bare library" in row["beside"] for row in rows)
