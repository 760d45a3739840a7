"""Whose changes the audit trail keeps (django-auditlog), by model: what staff set up, of every room.

Rows that the platform writes itself (dead letters, due-time rows, what users choose by the API) have logs of their own.
Addresses and secrets never stand in the trail: their fields are masked whole or left out; erasing a user empties
what it says of them (delivery/people/trail.py). The suppression list keeps its own history of who, when and why.
"""

from __future__ import annotations

from typing import Any

AUDITED: tuple[dict[str, Any] | str, ...] = (
    {"model": "auth.User", "exclude_fields": ["password", "last_login"], "m2m_fields": ["groups", "user_permissions"]},
    {"model": "auth.Group", "m2m_fields": ["permissions"]},
    {"model": "otp_totp.TOTPDevice", "include_fields": ["name", "confirmed"]},
    {"model": "notifications.ServiceToken", "exclude_fields": ["digest", "last_used_at"]},
    {
        "model": "preferences.User",
        "mask_fields": ["email", "phone"],
        "exclude_fields": ["attributes", "last_active", "updated_at"],
    },
    {"model": "preferences.Device", "exclude_fields": ["token", "registered_at"]},
    {"model": "preferences.PreferenceRow", "exclude_fields": ["updated_at"]},
    {"model": "preferences.Segment", "exclude_fields": ["updated_at"]},
    {"model": "preferences.StaticList", "exclude_fields": ["updated_at"]},
    {"model": "preferences.PeopleImport", "include_fields": ["file_name", "to_list", "by", "state", "mapping"]},
    {"model": "preferences.Erasure", "include_fields": ["by", "note", "gone_by"]},
    "templates_app.NotificationType",
    "templates_app.RuleChange",
    "templates_app.Variable",
    {"model": "templates_app.SharedHtml", "exclude_fields": ["changed_at"]},
    "templates_app.TemplateVersion",
    {"model": "broadcasts.Broadcast", "exclude_fields": ["changed_at", "estimate", "size"]},
    {"model": "delivery.AccountSetting", "exclude_fields": ["changed_at"]},
    {"model": "delivery.Control", "exclude_fields": ["at"]},
    {
        "model": "delivery.LetterJob",
        "exclude_fields": ["done", "skipped", "problem", "pace_until", "lease_until", "finished_at"],
    },
    {"model": "delivery.DeadLetter", "include_fields": ["edited_data"], "mask_fields": ["edited_data"]},
)
