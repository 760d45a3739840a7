"""Who may do what in the admin: the one table of roles. A role is a group; `apply` makes the groups what it says.

A permission is `app.codename`; `*` stands for any characters, so that a model added to a room comes with the room's
rights. The table is printed as docs/roles.md (`manage.py roles`), and tests/delivery/test_roles.py holds every page and
action of the admin to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from auditlog.context import disable_auditlog
from django.apps import AppConfig
from django.apps import apps as registry
from django.apps.registry import Apps
from django.contrib.auth.models import Group, Permission
from django.db import DEFAULT_DB_ALIAS

AUTHOR, MARKETER, APPROVER = "author", "marketer", "approver"
SUPPORT, OPERATOR, ADMIN = "support", "operator", "admin"

MEANING = {
    AUTHOR: "writes notification types and templates, and publishes them",
    MARKETER: "builds segments, prepares broadcasts, starts and steers their own",
    APPROVER: "is the second person: for mandatory types and for large broadcasts",
    SUPPORT: 'answers "why did I not get it?"; sees addresses masked, changes and sends nothing',
    OPERATOR: "keeps it running: dead letters, controls, quarantine, suppressions, tokens",
    ADMIN: "everything, staff and their roles included",
}

_WORDS = ("templates_app.view_*",)
_WATCHES = ("delivery.see_dashboard", "delivery.view_alert")

ROLES: dict[str, tuple[str, ...]] = {
    AUTHOR: (
        "templates_app.view_*",
        "templates_app.add_*",
        "templates_app.change_*",
        "templates_app.delete_variable",
        "templates_app.delete_sharedhtml",
        "templates_app.publish_template",
        "templates_app.test_template",
        "templates_app.see_events",
        "delivery.see_dashboard",
    ),
    MARKETER: (
        *_WORDS,
        *_WATCHES,
        "preferences.view_segment",
        "preferences.add_segment",
        "preferences.change_segment",
        "preferences.view_staticlist",
        "preferences.add_staticlist",
        "preferences.change_staticlist",
        "broadcasts.view_*",
        "broadcasts.add_*",
        "broadcasts.change_*",
        "broadcasts.start_broadcast",
        "broadcasts.control_broadcast",
    ),
    APPROVER: (
        *_WORDS,
        *_WATCHES,
        "templates_app.approve_template",
        "preferences.view_segment",
        "preferences.view_staticlist",
        "broadcasts.view_*",
        "broadcasts.approve_broadcast",
        "auditlog.view_logentry",
    ),
    SUPPORT: (
        *_WORDS,
        *_WATCHES,
        "preferences.view_*",
        "broadcasts.view_*",
        "delivery.see_notification",
        "delivery.view_deadletter",
        "sandbox.view_outboxmessage",
    ),
    OPERATOR: (
        *_WORDS,
        "delivery.*",
        "sandbox.view_outboxmessage",
        "preferences.view_*",
        "preferences.see_addresses",
        "preferences.add_suppression",
        "preferences.delete_suppression",
        "broadcasts.view_*",
        "broadcasts.control_broadcast",
        "broadcasts.recall_broadcast",
        "notifications.view_servicetoken",
        "notifications.issue_token",
        "auditlog.view_logentry",
    ),
    ADMIN: ("*",),
}

# What a deployment may be without: a row that names only these is passed over where they are missing. Any other that
# matches nothing is a mistake.
MAY_BE_ABSENT = ("sandbox.*",)


class UnknownPermission(LookupError):
    """A row of the table matches no permission there is."""


def after_migration(*, app_config: AppConfig, using: str, apps: Apps = registry, **_: Any) -> None:
    """Django's post_migrate comes once an app: the roles follow when the last app has its permissions."""
    last = [each for each in registry.get_app_configs() if each.models_module is not None][-1]
    if using != DEFAULT_DB_ALIAS or app_config.label != last.label:
        return
    try:
        apps.get_model("auth", "Group")
    except LookupError:
        return  # a single app was migrated on an empty database
    apply()


def apply() -> None:
    """Makes each role's group hold what the table says; members stay. Run after every migration.

    Raises UnknownPermission for a row that matches nothing.
    """
    there = {_name(each): each for each in Permission.objects.select_related("content_type")}
    with disable_auditlog():  # it is no member of staff who does this
        for role, wanted in ROLES.items():
            group, _made = Group.objects.get_or_create(name=role)
            group.permissions.set(there[name] for name in granted(wanted, there))


def granted(wanted: Iterable[str], there: Iterable[str]) -> set[str]:
    """Those of `there` ("app.codename") that `wanted` names. Pure. Raises UnknownPermission."""
    names = list(there)
    found: set[str] = set()
    for pattern in wanted:
        matches = {name for name in names if fnmatchcase(name, pattern)}
        if not matches and not any(fnmatchcase(pattern, absent) for absent in MAY_BE_ABSENT):
            raise UnknownPermission(f"{pattern}: no such permission; see delivery/roles.py")
        found |= matches
    return found


def may(role: str, permission: str) -> bool:
    """Whether the table gives `permission` ("app.codename") to `role`."""
    return any(fnmatchcase(permission, pattern) for pattern in ROLES[role])


def roles_of(user: Any) -> frozenset[str]:
    """The roles somebody has; a superuser is an admin, whatever groups they are in."""
    names = set(user.groups.values_list("name", flat=True)) & set(ROLES)
    return frozenset(names | {ADMIN}) if user.is_superuser else frozenset(names)


def _name(permission: Permission) -> str:
    return f"{permission.content_type.app_label}.{permission.codename}"
