"""PROVIDERS=simulators: the demo's providers are the simulators of tests/simulators, one more process beside Redis.

They choose their ports and write accounts, keys and the platform's settings under VAR/simulators (mode 0600) before
anything else starts, and keep them: killed and started again they are the same providers at the same addresses.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from demo.processes import SIMULATORS, Program

ASKED = "simulators"
MODULE = "tests.simulators"
PREPARED_WITHIN_S = 60
# What they need besides requirements/base.txt.
NEEDS = ("moto", "aiosmtpd", "aiohttp")


def missing() -> str:
    """What isn't installed of what the simulators need, "" for nothing."""
    return ", ".join(name for name in NEEDS if importlib.util.find_spec(name) is None)


def prepare(var: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Chooses the ports; the settings that the platform's processes are to have. Raises RuntimeError with a line."""
    try:
        done = subprocess.run(
            [*_command(var), "--prepare"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=PREPARED_WITHIN_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(
            f"the simulators aren't prepared after {PREPARED_WITHIN_S} s; is the machine busy?"
        ) from error
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["the simulators can't be prepared"])[-1])
    lines = (var / "simulators" / "platform.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def program(var: Path) -> Program:
    """The simulators' process, on the ports that were prepared."""
    purpose = "APNs, FCM, Web Push, SES, SMTP, Twilio as simulators"
    return Program(name=SIMULATORS, purpose=purpose, command=[*_command(var), "--run"])


def _command(var: Path) -> list[str]:
    return [sys.executable, "-W", "ignore", "-m", MODULE, "--folder", str(var / "simulators")]
