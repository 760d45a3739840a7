"""What /api/docs says of this room's addresses: examples that work, and the one shape of errors."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

_STRING = {"type": "string"}
_CHANNELS = {"type": "array", "items": {"type": "string", "enum": ["in_app", "push", "email", "sms"]}}
_TIME = {"type": ["string", "null"], "format": "date-time"}

PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457 problem details. Branch on `code`; `field` is the JSON path of what is wrong.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": _STRING,
        "title": _STRING,
        "status": {"type": "integer"},
        "detail": _STRING,
        "code": _STRING,
        "field": _STRING,
        "remedy": _STRING,
        "retry_after": {"type": "number"},
    },
}

SEND_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type", "target"],
    "additionalProperties": False,
    "properties": {
        "type": {"type": "string", "minLength": 1, "maxLength": 64, "description": "A notification type."},
        "target": {
            "type": "object",
            "required": ["type", "user_id"],
            "additionalProperties": False,
            "properties": {
                "type": {"type": "string", "enum": ["user"]},
                "user_id": {"type": "string", "minLength": 1, "maxLength": 128},
            },
        },
        "data": {"type": "object", "additionalProperties": True, "description": "What the type's templates show."},
        "priority": {"enum": ["critical", "high", "normal", "low", None]},
        "channels": {
            **_CHANNELS,
            "type": ["array", "null"],
            "minItems": 1,
            "maxItems": 8,
            "description": "Narrows the type's channels.",
        },
        "schedule_at": {**_TIME, "description": "Up to a year ahead, with a zone; null: now."},
        "expires_at": _TIME,
        "collapse_key": {"type": ["string", "null"], "minLength": 1, "maxLength": 64},
        "idempotency_key": {
            "type": ["string", "null"],
            "minLength": 1,
            "maxLength": 255,
            "description": "For batch items.",
        },
    },
}

ACCEPTED_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "notification_id": _STRING,
        "status": {"type": "string", "enum": ["accepted"]},
        "estimated_channels": _CHANNELS,
    },
}

_EVENT = {
    "type": "order_shipped",
    "target": {"type": "user", "user_id": "usr_42"},
    "data": {"order_id": "ord_abc123", "tracking_number": "TR12345", "carrier": "FedEx"},
}
_ID = "notif_0199f2d1c0de7000a1b2c3d4e5f60718"
_ANSWER = {"notification_id": _ID, "status": "accepted", "estimated_channels": ["in_app", "push", "email"]}
_ERROR = {
    "type": "/api/docs#unknown_type",
    "title": "The request is not valid",
    "status": 400,
    "detail": "There is no notification type `order_shiped`. Did you mean `order_shipped`?",
    "code": "unknown_type",
    "field": "type",
    "remedy": "Add it with `manage.py types add order_shiped` or in the admin.",
}

_MEANINGS = {
    400: "The request is not valid; `field` names what.",
    401: "No token, or one that is not valid.",
    403: "The token may not do this.",
    404: "There is no such thing here.",
    409: "It conflicts with what is there.",
    413: "The body is too large.",
    422: "This Idempotency-Key was used with another body.",
    429: "The token's rate is used up; see Retry-After.",
    503: "Nothing was written; see Retry-After.",
}

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="The same key and body get the first answer for 24 hours.",
)


def problems(*statuses: int) -> dict[Any, OpenApiResponse]:
    """The error answers of an address, for `extend_schema(responses=…)`."""
    media = "application/problem+json"
    return {
        (status, media): OpenApiResponse(
            PROBLEM_SCHEMA,
            description=_MEANINGS[status],
            examples=[OpenApiExample("problem", value=_ERROR, media_type=media)] if status == 400 else [],
        )
        for status in statuses
    }


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": schema}


def _ok(status: int, schema: dict[str, Any], description: str, example: Any) -> dict[Any, OpenApiResponse]:
    found = [OpenApiExample("answer", value=example, response_only=True, status_codes=[str(status)])]
    return {(status, "application/json"): OpenApiResponse(schema, description=description, examples=found)}


def _request(value: Any, name: str = "an order has shipped") -> OpenApiExample:
    return OpenApiExample(name, value=value, request_only=True)


_OBJECT: dict[str, Any] = {"type": "object", "additionalProperties": True}
_SENDING = (400, 401, 403, 409, 413, 422, 429, 503)

SEND: dict[str, Any] = {
    "operation_id": "send",
    "summary": "Send one notification",
    "description": "202 means it is durable. `GET` on the Location tells what becomes of it.",
    "parameters": [IDEMPOTENCY_KEY],
    "request": _json(SEND_SCHEMA),
    "responses": {**_ok(202, ACCEPTED_SCHEMA, "Accepted and durable.", _ANSWER), **problems(*_SENDING)},
    "examples": [_request(_EVENT)],
}

BATCH: dict[str, Any] = {
    "operation_id": "send_batch",
    "summary": "Send up to 1,000 notifications",
    "description": "A result for each, in order. Each item may carry `idempotency_key`; the header covers the call.",
    "parameters": [IDEMPOTENCY_KEY],
    "request": _json(
        {
            "type": "object",
            "required": ["notifications"],
            "additionalProperties": False,
            "properties": {"notifications": {"type": "array", "items": SEND_SCHEMA, "minItems": 1, "maxItems": 1000}},
        }
    ),
    "responses": {
        **_ok(
            202,
            _OBJECT,
            "A result for each item: accepted, or refused with its problem.",
            {"accepted": 1, "refused": 1, "results": [_ANSWER, {"status": "refused", "error": _ERROR}]},
        ),
        **problems(*_SENDING),
    },
    "examples": [_request({"notifications": [_EVENT]})],
}

EXPLAIN: dict[str, Any] = {
    "operation_id": "explain",
    "summary": "What would become of it, and why",
    "description": "A dry run: each channel's verdict with its reason and the setting behind it, and what would be "
    'rendered. With `{"notification_id": …}` the decision that was taken, beside today\'s.',
    "request": _json(SEND_SCHEMA),
    "responses": {(200, "application/json"): _OBJECT, **problems(400, 401, 403, 404, 413, 503)},
    "examples": [_request(_EVENT), _request({"notification_id": _ID}, "a decision taken earlier")],
}

CANCEL: dict[str, Any] = {
    "operation_id": "cancel",
    "summary": "Cancel what still waits",
    "description": "What is scheduled, deferred or waiting for a retry. Repeated: the first answer.",
    "responses": {
        **_ok(
            200,
            _OBJECT,
            "What was cancelled, channel by channel.",
            {
                "notification_id": _ID,
                "status": "cancelled",
                "channels": [
                    {
                        "channel": "push",
                        "status": "cancelled",
                        "was": "schedule",
                        "due_at": "2026-02-23T14:30:00.000Z",
                    }
                ],
            },
        ),
        **problems(401, 403, 404, 409, 503),
    },
}

USER_TOKEN: dict[str, Any] = {
    "operation_id": "make_user_token",
    "summary": "A short-lived token for a user's own app",
    "request": None,
    "responses": {
        **_ok(
            201,
            _OBJECT,
            "Good for minutes, and for this user's inbox and preferences only.",
            {"token": "npu_…", "user_id": "usr_42", "expires_at": "2026-02-23T14:45:00.000Z"},
        ),
        **problems(401, 403),
    },
}

TICKET: dict[str, Any] = {
    "operation_id": "make_ticket",
    "summary": "A one-time ticket to open a socket with",
    "request": None,
    "responses": {
        **_ok(201, _OBJECT, "Good once, for 30 s.", {"ticket": "…", "expires_at": "2026-02-23T14:30:30.000Z"}),
        **problems(401, 403, 503),
    },
}
