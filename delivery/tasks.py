"""Celery finds its tasks here; a worker that is up says every second that it lives."""

import gc
from typing import Any

from celery.signals import worker_ready

from delivery import words
from delivery.stages import deliver, fan_out, feedback, render, route, ticking

GC_THRESHOLD, GC_OLDER = 50_000, 50

__all__ = ["deliver", "fan_out", "feedback", "render", "route", "ticking"]


@worker_ready.connect
def _start_heartbeat(**kwargs: Any) -> None:
    words.start_heartbeat()
    # A batch is some ten thousand small objects that live for a moment and hold no cycles: looking through all that
    # was imported at every few hundred of them took a tenth of a worker's time.
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, GC_OLDER, GC_OLDER)
