"""Celery finds its tasks here; a worker that is up says every second that it lives."""

from typing import Any

from celery.signals import worker_ready

from delivery import words
from delivery.stages import deliver, fan_out, feedback, render, route, ticking
from foundation.collector import collect_rarely

__all__ = ["deliver", "fan_out", "feedback", "render", "route", "ticking"]


@worker_ready.connect
def _start_heartbeat(**kwargs: Any) -> None:
    words.start_heartbeat()
    collect_rarely()
