"""Celery finds its tasks here; a worker that is up says every second that it lives. So does beat, at each tick."""

from typing import Any

from celery.signals import beat_init, before_task_publish, worker_ready

from delivery import words
from delivery.observing import observe
from delivery.stages import deliver, fan_out, feedback, render, route, ticking
from foundation.collector import collect_rarely
from foundation.process import pulse

PULSE_S = 1.0

__all__ = ["deliver", "fan_out", "feedback", "render", "route", "ticking"]


@worker_ready.connect
def _start_heartbeat(sender: Any, **kwargs: Any) -> None:
    words.start_heartbeat()
    sender.timer.call_repeatedly(PULSE_S, pulse.beat)
    observe()
    collect_rarely()


@beat_init.connect
def _observe_beat(**kwargs: Any) -> None:
    before_task_publish.connect(_tick)
    observe(needs_log=False)


def _tick(**kwargs: Any) -> None:
    pulse.beat()
