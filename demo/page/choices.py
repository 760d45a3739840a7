"""What one can choose from on the page: types with their examples, people with their stories, providers, links."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Prefetch
from django.urls import reverse

from delivery.providers.registry import account_names, accounts_of
from demo.company import SERVICES
from demo.page import steering, web_push
from demo.page.latest import CROWD_PREFIX
from demo.town import PREFIX as TOWN
from notifications.topology import CHANNELS
from notifications.validation import RAISE
from preferences.channels import LABELS
from preferences.models import Device, User
from templates_app.models import NotificationType

README = Path(settings.BASE_DIR) / "README.md"
PEOPLE_SHOWN = 200
PROVIDER_NAMES = {
    "apns": "APNs",
    "fcm": "FCM",
    "ses": "SES",
    "smtp": "SMTP",
    "twilio": "Twilio",
    "webpush": "Web Push",
}


def everything() -> dict[str, Any]:
    """All of it, for the page's first drawing."""
    return {
        "types": types(),
        "people": people(),
        "providers": providers(),
        "modes": [{"name": name, "words": words} for name, words in steering.words()],
        "channels": [{"name": name, "label": LABELS[name]} for name in CHANNELS],
        "api": f"{settings.PUBLIC_URL}/api/v1",
        "socket": f"{settings.GATEWAY_URL}/ws/inbox/",
        "env": str(settings.VAR / "demo.env"),
        "web_push_key": web_push.public_key(),
        "links": links(),
    }


def types() -> list[dict[str, Any]]:
    """Every type, the seeded and one's own, with the words for its admin pages."""
    return [
        {
            "name": row.name,
            "category": row.category,
            "priority": row.priority,
            "channels": row.channels,
            "description": row.description,
            "example": row.example,
            "token": variable_of(row.name, row.priority),
            "admin": reverse("admin:templates_app_notificationtype_change", args=[row.pk]),
            "texts": reverse("admin:templates_app_words", args=[row.pk]),
        }
        for row in NotificationType.objects.order_by("pk")
    ]


def people() -> list[dict[str, Any]]:
    """Whom one can send to: everybody who isn't of the crowd, the seeded first."""
    rows = User.objects.exclude(user_id__startswith=CROWD_PREFIX).exclude(user_id__startswith=TOWN).order_by("pk")
    devices = Prefetch("devices", queryset=Device.objects.order_by("pk"))
    return [_person(row) for row in rows.prefetch_related(devices)[:PEOPLE_SHOWN]]


def _person(row: User) -> dict[str, Any]:
    erased = row.erased_at is not None
    return {
        "id": row.user_id,
        "name": row.attributes.get("name") or ("Erased user" if erased else row.user_id),
        "story": "Asked to be forgotten: nothing is sent any more." if erased else row.attributes.get("story", ""),
        "locale": row.locale,
        "time_zone": row.time_zone,
        "erased": erased,
        "devices": {device.token: str(device) for device in row.devices.all()},
        "admin": reverse("admin:preferences_user_change", args=[row.pk]),
    }


def providers() -> list[dict[str, Any]]:
    """Every provider account with its channel."""
    return [
        {"name": name, "label": PROVIDER_NAMES.get(name, name), "channel": channel}
        for name in account_names()
        for channel in CHANNELS
        if name in accounts_of(channel)
    ]


def links() -> list[dict[str, str]]:
    """Where to go from here."""
    found = [
        {
            "label": "Admin",
            "href": reverse("admin:index"),
            "hint": "change a template’s words; the next send shows them",
        },
        {"label": "API docs", "href": reverse("docs"), "hint": "every call, to be tried in place"},
    ]
    if settings.SIMULATORS_URL:
        found.append({"label": "Simulators", "href": settings.SIMULATORS_URL, "hint": "what they received, and faults"})
    if README.exists():
        found.append({"label": "README", "href": reverse("demo-readme"), "hint": "the tour"})
    return found


def variable_of(type_name: str, priority: str) -> str:
    """The variable of demo.env whose token may send this type at `priority`; the admin's where no service's may."""
    for service in SERVICES:
        if type_name in service.types and (priority != "critical" or RAISE in service.scopes):
            return service.variable
    return "ADMIN_TOKEN"
