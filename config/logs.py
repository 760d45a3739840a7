"""JSON lines on stderr, one an event: which process says it, the notifications and traces at hand, no personal data."""

from __future__ import annotations

import logging
import logging.config
import os
import re
from collections.abc import Callable
from http.client import SERVICE_UNAVAILABLE
from typing import Any

import structlog

from foundation.process import last_error
from foundation.tracing import name_work

# Mail addresses, phone numbers, APNs' tokens (64 hex digits and more), FCM's (over a hundred characters in one word).
_PERSONAL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+|\+\d{7,15}|\b[0-9a-fA-F]{64,}\b|[\w:-]{100,}")
_SERIOUS = ("error", "critical", "exception")

_OURS: dict[str, Any] = {"handlers": [], "propagate": True}
_LOGGERS: dict[str, Any] = {
    "django.request": {"filters": ["news"]},
    "celery.worker.strategy": {"level": "WARNING"},
    "celery.app.trace": {"level": "WARNING"},
    "celery.beat": {"level": "WARNING"},
    "uvicorn": _OURS,
    "uvicorn.error": _OURS,
    "uvicorn.access": {**_OURS, "level": "WARNING"},
    "httpx": {"level": "WARNING"},
}

Processor = Callable[[Any, str, dict[str, Any]], dict[str, Any]]


def redact(logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Takes addresses, phone numbers and device tokens out of a line, however deep they stand."""
    return {name: _redacted(value) for name, value in event.items()}


def _redacted(value: Any) -> Any:
    if isinstance(value, str):
        return _PERSONAL.sub("…", value)
    if isinstance(value, dict):
        return {name: _redacted(its) for name, its in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted(each) for each in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return _PERSONAL.sub("…", str(value))


def note_error(logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Remembers the last serious line for `manage.py status`."""
    if event.get("level") in _SERIOUS:
        why = event.get("exception") or event.get("error") or event.get("reason") or event.get("why") or ""
        last_error.note(" ".join([str(event.get("event", "")), *str(why).splitlines()[-1:]]))
    return event


def _from(service: str) -> Processor:
    def name_process(logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
        event["service"], event["pid"] = service, os.getpid()
        return event

    return name_process


def is_news(record: logging.LogRecord) -> bool:
    """Whether a line of Django's about a request is kept: not of one refused with 503, of which the cause was told."""
    return getattr(record, "status_code", None) != SERVICE_UNAVAILABLE


def configure(options: dict[str, Any]) -> None:
    """Sets up stdlib logging and structlog alike: `level`, and the `service` whose process this is."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _from(options.get("service", "")),
        name_work,
        structlog.processors.format_exc_info,
        redact,
        note_error,
    ]
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "json": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "processor": structlog.processors.JSONRenderer(),
                    "foreign_pre_chain": shared,
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
            "root": {"handlers": ["stderr"], "level": options["level"]},
            "filters": {"news": {"()": "django.utils.log.CallbackFilter", "callback": is_news}},
            "loggers": _LOGGERS,
        }
    )
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[options["level"].upper()]),
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
