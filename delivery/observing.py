"""What makes gRPC, a bridge, a worker or beat observable: a heartbeat, and an endpoint if METRICS_PORT gives one."""

from __future__ import annotations

from collections.abc import Mapping

import structlog
from django.conf import settings

from delivery.servers import ask_log
from foundation import endpoint, heartbeat, probing
from foundation.process import pulse

log = structlog.get_logger(__name__)


def observe(*, needs_log: bool = True, parts: endpoint.Parts | None = None) -> None:
    """To be called once a process is ready to work. A port that is taken is logged, and costs the figures only.

    `parts`: what its readiness needs, where that is another than a bridge's.
    """
    pulse.beat()
    heartbeat.start()
    if not settings.METRICS_PORT:
        return
    parts = parts or (log_redis_and_loop if needs_log else redis_and_loop)
    try:
        endpoint.serve(settings.METRICS_HOST, settings.METRICS_PORT, parts)
    except OSError as error:
        log.error("no metrics endpoint", port=settings.METRICS_PORT, why=str(error))


def redis_and_loop() -> Mapping[str, str]:
    """What beat needs."""
    return {"redis": probing.redis(), "loop": probing.loop()}


def log_redis_and_loop() -> Mapping[str, str]:
    """What a bridge or a worker needs."""
    return {"log": probing.probe(ask_log), **redis_and_loop()}
