"""The admin's looks and its sidebar: what there is in every room, under what it is for."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string


class Entry(NamedTuple):
    """A line of the sidebar: its words, its icon (Material Symbols), the page's name, any of which permissions."""

    title: str
    icon: str
    page: str
    permissions: tuple[str, ...]
    badge: str = ""


def _list(app: str, model: str, title: str, icon: str, badge: str = "") -> Entry:
    return Entry(
        title, icon, f"admin:{app}_{model}_changelist", (f"{app}.view_{model}", f"{app}.change_{model}"), badge
    )


_READS_WORDS = ("templates_app.view_notificationtype",)

GROUPS: dict[str, tuple[Entry, ...]] = {
    "Now": (
        Entry("Dashboard", "monitoring", "admin:index", ("delivery.see_dashboard",)),
        Entry("Find a notification", "search", "admin:find_notification", ("delivery.see_notification",)),
        _list("delivery", "alert", "Alerts", "notifications_active", "delivery.desk.badges.alerts"),
    ),
    "Keep it running": (
        Entry(
            "Controls",
            "tune",
            "admin:delivery_control_changelist",
            ("delivery.view_control",),
            "delivery.desk.badges.held",
        ),
        Entry(
            "Dead letters",
            "mark_email_unread",
            "admin:workbench",
            ("delivery.view_deadletter",),
            "delivery.desk.badges.parked",
        ),
        _list("delivery", "letterjob", "Replays and drops", "replay"),
        _list("delivery", "quarantinedrecord", "Quarantine", "bug_report"),
        _list("delivery", "accountsetting", "Provider accounts", "cell_tower"),
        _list("sandbox", "outboxmessage", "Sandbox outbox", "outbox"),
    ),
    "Write": (
        _list("templates_app", "notificationtype", "Notification types", "category"),
        Entry(
            "Translations", "translate", "admin:templates_app_translations", ("templates_app.view_notificationtype",)
        ),
        _list("templates_app", "sharedhtml", "Layouts and partials", "web"),
        _list("templates_app", "templateversion", "Versions", "history"),
    ),
    "Send": (
        _list("broadcasts", "broadcast", "Broadcasts", "campaign"),
        _list("preferences", "segment", "Segments", "groups"),
        _list("preferences", "staticlist", "Static lists", "list_alt"),
    ),
    "People": (
        _list("preferences", "user", "Users", "person"),
        Entry(
            "Imports",
            "upload_file",
            "admin:preferences_peopleimport_changelist",
            ("preferences.import_users", "preferences.change_staticlist"),
        ),
        _list("preferences", "erasure", "Erasures", "person_remove"),
        _list("preferences", "suppression", "Suppressed addresses", "block"),
        _list("preferences", "suppressionchange", "Suppression history", "manage_history"),
    ),
    "Access": (
        _list("notifications", "servicetoken", "Service tokens", "key"),
        _list("auth", "user", "Staff", "badge"),
        _list("auth", "group", "Roles", "admin_panel_settings"),
        _list("auditlog", "logentry", "Audit trail", "policy"),
    ),
}


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar for whoever asks: pages of apps that aren't installed are left out."""
    here = max(
        (url for entries in GROUPS.values() for url in map(_url, entries) if _holds(url, request.path)),
        key=len,
        default="",
    )
    groups: list[dict[str, Any]] = [
        {"title": title, "separator": True, "items": [_item(entry, request, here) for entry in entries if _url(entry)]}
        for title, entries in GROUPS.items()
    ]
    return [group for group in groups if any(item["permission"](request) for item in group["items"])]


def _holds(url: str, path: str) -> bool:
    """Whether a page may be the entry's: of several the one with the longest address is. The index has no others."""
    if url == reverse("admin:index"):
        return path == url
    return bool(url) and path.startswith(url.removesuffix("workbench/"))


def _item(entry: Entry, request: HttpRequest, here: str) -> dict[str, Any]:
    item: dict[str, Any] = {
        "title": entry.title,
        "icon": entry.icon,
        "link": _url(entry),
        "active": _url(entry) == here,
        "permission": lambda request: any(request.user.has_perm(each) for each in entry.permissions),
    }
    if entry.badge and item["permission"](request) and (waits := import_string(entry.badge)(request)):
        item |= {"badge": waits, "badge_variant": "danger"}
    return item


def _url(entry: Entry) -> str:
    try:
        return reverse(entry.page)
    except NoReverseMatch:
        return ""


def _account_links(request: HttpRequest) -> list[dict[str, Any]]:
    return [{"title": "Two-step login", "link": reverse("admin:second_step")}]


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Notifications",
    "SITE_HEADER": "Notifications",
    "SITE_SUBHEADER": "Control plane",
    "SITE_SYMBOL": "notifications",
    "SITE_URL": None,
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("delivery/favicon.svg")},
    ],
    "SHOW_VIEW_ON_SITE": False,
    "DASHBOARD_CALLBACK": "delivery.desk.board.context",
    "STYLES": [lambda request: static("delivery/desk.css")],
    "SIDEBAR": {"show_search": True, "show_all_applications": False, "navigation": navigation},
    "LOGIN": {"form": "delivery.second_step.LoginForm"},
    "ACCOUNT": {"navigation": _account_links},
}
