"""SES' events as its documentation shows them, about a mail of ours."""

from __future__ import annotations

import json
from typing import Any

from tests.delivery.receipts.conftest import EMAIL, Sent

WHEN = "2026-11-23T09:00:00.000Z"

DETAILS: dict[str, dict[str, Any]] = {
    "Send": {},
    "Delivery": {"timestamp": WHEN, "recipients": [EMAIL], "smtpResponse": "250 ok"},
    "Open": {"timestamp": WHEN, "ipAddress": "192.0.2.1", "userAgent": "Mail"},
    "Click": {"timestamp": WHEN, "ipAddress": "192.0.2.1", "link": "https://example.com/"},
    "Reject": {"reason": "Bad content"},
    "Complaint": {
        "timestamp": WHEN,
        "complainedRecipients": [{"emailAddress": EMAIL}],
        "complaintFeedbackType": "abuse",
        "feedbackId": "f-complaint",
    },
    "DeliveryDelay": {"timestamp": WHEN, "delayType": "MailboxFull", "delayedRecipients": [{"emailAddress": EMAIL}]},
    "Rendering Failure": {"errorMessage": "Attribute 'name' is missing", "templateName": "t"},
}
NAMES = {"Rendering Failure": "failure", "DeliveryDelay": "deliveryDelay"}


def event(kind: str, sent: Sent, *, tags: bool = False, **changed: Any) -> dict[str, Any]:
    ids = {"notification_id": sent.id, "send_id": sent.send, "user": sent.user}
    mail: dict[str, Any] = {"timestamp": WHEN, "messageId": "0102", "destination": [EMAIL]}
    if tags:
        mail["tags"] = {name: [value] for name, value in ids.items()} | {"ses:source-ip": ["192.0.2.9"]}
    else:
        mail["headers"] = [
            {"name": "Subject", "value": "On its way"},
            {"name": "X-Metadata", "value": json.dumps(ids)},
        ]
    return {"eventType": kind, "mail": mail, NAMES.get(kind, kind.lower()): DETAILS.get(kind, {}) | changed}


def bounce(
    sent: Sent, kind: str = "Permanent", *, id: str = "f-1", address: str = EMAIL, at: str = WHEN
) -> dict[str, Any]:
    return event(
        "Bounce",
        sent,
        bounceType=kind,
        bounceSubType="General",
        bouncedRecipients=[{"emailAddress": address, "diagnosticCode": "smtp; 550 user unknown"}],
        feedbackId=id,
        timestamp=at,
    )
