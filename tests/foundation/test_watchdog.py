"""A loop that hangs ends its process and says where it hung; one that turns, or is over, is left alone."""

from __future__ import annotations

import subprocess
import sys

from tests.running import ROOT

HANGS_AFTER_S = 2.0
LOOP = f"""
import threading, time
from foundation.watchdog import Watchdog

def a_call_that_never_returns():
    threading.Lock().acquire() and threading.Event().wait()

watchdog = Watchdog({HANGS_AFTER_S})
began = time.monotonic()
while time.monotonic() - began < 1.5 * {HANGS_AFTER_S}:
    watchdog.feed()
    time.sleep(0.01)
print("turned", flush=True)
"""


def ran(ending: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", LOOP + ending], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_loop_that_hangs_ends_the_process_and_names_the_place():
    done = ran("a_call_that_never_returns()")
    assert done.stdout == "turned\n"
    assert done.returncode == 1
    assert "in a_call_that_never_returns" in done.stderr


def test_a_loop_that_is_over_may_take_its_time():
    done = ran(f"watchdog.rest()\ntime.sleep(1.5 * {HANGS_AFTER_S})")
    assert (done.returncode, done.stderr) == (0, "")
