"""What /api/docs says of the broadcasts' addresses."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse

from notifications.api.docs import IDEMPOTENCY_KEY, problems
from notifications.broadcasts.request import RATE_MAX, REPEATS, STRATEGIES

_TIME = {"type": ["string", "null"], "format": "date-time"}
_OBJECT: dict[str, Any] = {"type": "object", "additionalProperties": True}
_PERCENT = {"type": "number", "minimum": 0, "maximum": 100}

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type", "target"],
    "additionalProperties": False,
    "properties": {
        "type": {"type": "string", "description": "A notification type."},
        "target": {
            "type": "object",
            "required": ["type", "segment"],
            "additionalProperties": False,
            "properties": {
                "type": {"type": "string", "enum": ["segment"]},
                "segment": {"type": "string", "minLength": 1, "maxLength": 100},
            },
        },
        "data": {"type": "object", "additionalProperties": True},
        "priority": {"enum": ["critical", "high", "normal", "low", None]},
        "channels": {
            "type": ["array", "null"],
            "items": {"type": "string", "enum": ["in_app", "push", "email", "sms"]},
        },
        "throttle": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "rate": {"type": "integer", "minimum": 0, "maximum": RATE_MAX, "description": "0: as it is taken."},
                "strategy": {"type": "string", "enum": list(STRATEGIES)},
            },
        },
        "name": {"type": "string", "maxLength": 120},
        "schedule_at": _TIME,
        "expires_at": _TIME,
        "collapse_key": {"type": ["string", "null"], "maxLength": 64},
        "local_time": {"type": ["string", "null"], "description": "HH:MM where each user is."},
        "repeats": {"enum": [*REPEATS, None]},
        "canary": {
            "type": ["object", "null"],
            "additionalProperties": False,
            "properties": {
                "percent": {"type": "number", "exclusiveMinimum": 0, "maximum": 50},
                "hold_s": {"type": "integer", "minimum": 0, "maximum": 86_400},
                **dict.fromkeys(("failed", "bounced", "complained", "unsubscribed"), _PERCENT),
            },
        },
    },
}

_ASKED = {
    "type": "platform_announcement",
    "priority": "normal",
    "target": {"type": "segment", "segment": "all_active_users"},
    "data": {"title": "New Feature: Dark Mode!", "body": "Try our new dark mode in settings."},
    "throttle": {"rate": 50000, "strategy": "round_robin"},
}
_TOLD = {
    "broadcast_id": "bc_0199f2d1c0de7000a1b2c3",
    "estimated_recipients": 30000000,
    "estimated_duration_minutes": 10,
}


def _answer(status: int, example: Any = None) -> dict[Any, OpenApiResponse]:
    examples = [OpenApiExample("answer", value=example, response_only=True)] if example else []
    return {(status, "application/json"): OpenApiResponse(_OBJECT, examples=examples)}


BROADCAST: dict[str, Any] = {
    "operation_id": "broadcast",
    "summary": "Send to a segment",
    "description": "202 means it is kept. Large ones wait for a second person. The Location tells how it stands.",
    "parameters": [IDEMPOTENCY_KEY],
    "request": {"application/json": SCHEMA},
    "responses": {**_answer(202, _TOLD), **problems(400, 401, 403, 409, 413, 422, 429, 503)},
    "examples": [OpenApiExample("everybody", value=_ASKED, request_only=True)],
}
STANDING: dict[str, Any] = {
    "summary": "How a broadcast stands: its ledger, channel by channel",
    "responses": {**_answer(200), **problems(401, 403, 404, 503)},
}
ACTION: dict[str, Any] = {
    "request": None,
    "responses": {**_answer(200), **problems(401, 403, 404, 409, 503)},
}
RATE: dict[str, Any] = {
    "summary": "Another rate, felt at once",
    "request": {
        "application/json": {
            "type": "object",
            "required": ["rate"],
            "additionalProperties": False,
            "properties": {"rate": {"type": "integer", "minimum": 0, "maximum": RATE_MAX}},
        }
    },
    "responses": {**_answer(200), **problems(400, 401, 403, 404, 409, 503)},
}
