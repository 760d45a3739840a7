"""Devices at FCM, what it was told, its key, and results counted by their kind."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.simulators.control import Received
from tests.simulators.fcm import FCMSimulator


def device(number: int) -> str:
    """The token of the `number`th."""
    return f"fcm-token-{number:04d}"


def kinds(results: Iterable[object]) -> Counter[type]:
    """How many results there are of each class."""
    return Counter(type(result) for result in results)


def told(received: Received) -> dict[str, Any]:
    """The message as FCM got it."""
    return dict(json.loads(received.body)["message"])


def write_key(simulator: FCMSimulator, folder: Path) -> Path:
    """The file of a service account that this simulator knows."""
    path = folder / "service-account.json"
    path.write_text(json.dumps(simulator.service_account))
    return path
