"""This process's drainer: web starts one, and with it may spool."""

from __future__ import annotations

import threading

from django.conf import settings

from delivery.bridge import BridgeOptions
from delivery.drainer import Drainer, DrainerOptions

STOP_WITHIN_S = 2.0

_lock = threading.Lock()
_running: tuple[Drainer, threading.Thread] | None = None


def start() -> None:
    """Starts it, once a process; returns at once. Each request may call it."""
    global _running
    if _running is not None:
        return
    with _lock:
        if _running is None:
            drainer = Drainer(options())
            thread = threading.Thread(target=drainer.run, name="drainer", daemon=True)
            _running = drainer, thread
            thread.start()


def stop() -> None:
    """Ends it; what it holds is drained by the next process."""
    global _running
    with _lock:
        running, _running = _running, None
    if running is not None:
        drainer, thread = running
        drainer.stop()
        thread.join(STOP_WITHIN_S)


def options() -> DrainerOptions:
    """From the settings."""
    env = settings.ENV
    return DrainerOptions(
        folder=settings.SPOOL_FOLDER,
        node=settings.NODE,
        max_bytes=settings.SPOOL_MAX_BYTES,
        bridge=BridgeOptions(
            max_records=env.BATCH_MAX_RECORDS,
            max_bytes=env.BATCH_MAX_BYTES,
            deadline_ms=int(env.BATCH_DEADLINE_S * 1000),
            margin_ms=int(env.BATCH_MARGIN_S * 1000),
            rest_ms=env.BRIDGE_POLL_MS,
            flights=env.BRIDGE_FLIGHTS,
            direct=True,
        ),
    )
