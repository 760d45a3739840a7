"""Small makers of the values the tests talk about."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from preferences.facts import Device, PreferenceCell, Profile, Question, TypeFacts

NOON = 1_767_614_400_000  # 2026-01-05T12:00:00Z, a Monday


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def order_shipped(**changes: Any) -> TypeFacts:
    return TypeFacts(
        **{
            "name": "order_shipped",
            "category": "order_updates",
            "priority": "high",
            "channels": ("in_app", "push", "email", "sms"),
            **changes,
        }
    )


def security_alert(**changes: Any) -> TypeFacts:
    return order_shipped(
        **{"name": "security_alert", "category": "security", "mandatory": True, "channels": ("in_app", "email", "sms")}
        | changes
    )


def ann(**changes: Any) -> Profile:
    return Profile(
        **{
            "user_id": "usr_ann",
            "email": "ann@example.com",
            "phone": "+4915112345678",
            "time_zone": "Europe/Berlin",
            "devices": (Device("dev_1", "token-1", "apns"), Device("dev_2", "token-2", "fcm")),
            **changes,
        }
    )


def question(**changes: Any) -> Question:
    return Question(**{"id": "notif_1", "user": "usr_ann", "priority": "high", "now": NOON, **changes})


def cell(scope: str, channel: str, enabled: bool) -> PreferenceCell:
    return PreferenceCell(scope, channel, enabled)
