"""Every role and every page of the admin: what the table of roles says, and nothing else."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.auth.models import User as Staff
from django.test import Client

from delivery import letter_jobs, roles, roles_page
from delivery.models import DeadLetter, LetterJob
from delivery.roles import ROLES
from notifications.credentials import create_token
from preferences.models import Segment, Suppression, User
from templates_app.models import NotificationType
from tests.delivery.conftest import DATABASES
from tests.delivery.test_dead_letters import parked

pytestmark = [pytest.mark.django_db(transaction=True, databases=DATABASES), pytest.mark.usefixtures("servers")]


class Action(NamedTuple):
    """A page, or what one does there; `permission` is what the table has to give for it."""

    name: str
    permission: str
    path: str
    data: dict[str, Any] | None = None


ANYBODY = ""
WHY = {"why": "a test"}
LETTERS = "/admin/delivery/deadletter/"
CONTROL = "/admin/delivery/control/"
ACTIONS = [
    Action("log in and see the index", ANYBODY, "/admin/"),
    Action("set up the second step", ANYBODY, "/admin/auth/user/second-step/"),
    Action("read the dashboard's figures", "delivery.see_dashboard", f"{CONTROL}board.json"),
    Action("open a minute", "delivery.see_notification", f"{CONTROL}minute/?minute=1"),
    Action("find a notification", "delivery.see_notification", f"{CONTROL}notification/"),
    Action("read a notification's story", "delivery.see_notification", f"{CONTROL}notification/notif_1/"),
    Action("see the controls", "delivery.view_control", CONTROL),
    Action("pause a channel", "delivery.control_channel", f"{CONTROL}channel/push/pause/", WHY),
    Action("drain a channel", "delivery.control_channel", f"{CONTROL}channel/push/drain/", WHY),
    Action("resume a channel", "delivery.control_channel", f"{CONTROL}channel/push/resume/", WHY),
    Action("hold a type", "delivery.control_channel", f"{CONTROL}type/order_shipped/drain/", WHY),
    Action("pause an account", "delivery.control_account", f"{CONTROL}account/ses/pause/", WHY),
    Action("resume an account", "delivery.control_account", f"{CONTROL}account/ses/resume/", WHY),
    Action("change a rate", "delivery.control_account", f"{CONTROL}account/ses/rate/", {**WHY, "rate": "5"}),
    Action("see the provider accounts", "delivery.view_accountsetting", "/admin/delivery/accountsetting/"),
    Action("see the workbench", "delivery.view_deadletter", f"{LETTERS}workbench/"),
    Action("list dead letters", "delivery.view_deadletter", LETTERS),
    Action("look at a dead letter", "delivery.view_deadletter", LETTERS + "{letter}/change/"),
    Action("edit a dead letter", "delivery.replay_deadletter", LETTERS + "{letter}/change/", {"edited_data": "{}"}),
    Action("replay a group", "delivery.replay_deadletter", LETTERS + "workbench/{fingerprint}/replay/"),
    Action("drop a group", "delivery.drop_deadletter", LETTERS + "workbench/{fingerprint}/drop/"),
    Action("look at a job", "delivery.view_letterjob", "/admin/delivery/letterjob/{job}/change/"),
    Action("stop a replay", "delivery.replay_deadletter", "/admin/delivery/letterjob/{job}/stop/", {}),
    Action("undo a replay", "delivery.replay_deadletter", "/admin/delivery/letterjob/{job}/undo/", {}),
    Action("read alerts", "delivery.view_alert", "/admin/delivery/alert/"),
    Action("read the quarantine", "delivery.view_quarantinedrecord", "/admin/delivery/quarantinedrecord/"),
    Action("read the sandbox's outbox", "sandbox.view_outboxmessage", "/admin/sandbox/outboxmessage/"),
    Action("see the tokens", "notifications.view_servicetoken", "/admin/notifications/servicetoken/"),
    Action("make a token", "notifications.issue_token", "/admin/notifications/servicetoken/add/"),
    Action("see the staff", "auth.view_user", "/admin/auth/user/"),
    Action("add a member of staff", "auth.add_user", "/admin/auth/user/add/"),
    Action("see the roles", "auth.view_group", "/admin/auth/group/"),
    Action("read the audit trail", "auditlog.view_logentry", "/admin/auditlog/logentry/"),
    Action("export the audit trail", "auditlog.view_logentry", "/admin/auditlog/logentry/csv/"),
    Action("list users", "preferences.view_user", "/admin/preferences/user/"),
    Action("add a user", "preferences.add_user", "/admin/preferences/user/add/"),
    Action("list segments", "preferences.view_segment", "/admin/preferences/segment/"),
    Action("make a segment", "preferences.add_segment", "/admin/preferences/segment/add/"),
    Action("list suppressed addresses", "preferences.view_suppression", "/admin/preferences/suppression/"),
    Action("suppress an address", "preferences.add_suppression", "/admin/preferences/suppression/add/"),
    Action("list types", "templates_app.view_notificationtype", "/admin/templates_app/notificationtype/"),
    Action("make a type", "templates_app.add_notificationtype", "/admin/templates_app/notificationtype/add/"),
    Action(
        "read the translations",
        "templates_app.view_notificationtype",
        "/admin/templates_app/notificationtype/translations/",
    ),
]
ROLE_ACTIONS = [pytest.param(role, id=role) for role in ROLES]


@pytest.fixture
def names(settings) -> dict[str, str]:
    """What the pages are about, by the name their paths have for it."""
    NotificationType.objects.create(name="order_shipped", category="order_updates", channels=["in_app"])
    User.objects.create(user_id="usr_1")
    Segment.objects.create(name="everybody")
    Suppression.objects.create(address="ann@example.com", channel="email")
    create_token(name="shop", scopes=["notifications:send"])
    parked()
    parked(type="other")
    other = DeadLetter.objects.filter(type="other")
    job = letter_jobs.start(other, action="replay", what="a test", rate=1, why="a test", by="ann")
    letter = DeadLetter.objects.get(type="order_shipped")
    return {"letter": letter.pk.replace(":", "_3A"), "fingerprint": letter.fingerprint, "job": str(job.pk)}


def somebody(role: str) -> Client:
    """A member of staff with this role and no other right."""
    roles.apply()
    staff = Staff.objects.create(username=role, is_staff=True)
    staff.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    return client


def answer(client: Client, action: Action, names: dict[str, str]) -> int:
    path = action.path.format(**names)
    return (client.get(path) if action.data is None else client.post(path, action.data)).status_code


@pytest.mark.parametrize("role", ROLE_ACTIONS)
def test_each_page_opens_for_whom_the_table_says(role: str, names: dict[str, str]) -> None:
    client = somebody(role)
    for action in ACTIONS:
        if LetterJob.objects.filter(state="undone").exists():
            LetterJob.objects.update(state="running")
        status = answer(client, action, names)
        allowed = action.permission == ANYBODY or roles.may(role, action.permission)
        assert (status < 400) == allowed, f"{role}: {action.name} gives {status}"
        assert allowed or status == 403, f"{role}: {action.name} gives {status}"


def test_a_stranger_is_sent_to_the_login_from_everywhere(names: dict[str, str]) -> None:
    for action in ACTIONS:
        answered = Client().get(action.path.format(**names))
        assert answered.status_code == 302, action.name
        assert "/admin/login/" in answered["Location"], action.name


def test_the_groups_hold_what_the_table_says_and_no_more() -> None:
    roles.apply()
    there = {f"{each.content_type.app_label}.{each.codename}" for each in Permission.objects.all()}
    for role in ROLES:
        held = Group.objects.get(name=role).permissions.select_related("content_type")
        names = {f"{each.content_type.app_label}.{each.codename}" for each in held}
        assert names == {name for name in there if roles.may(role, name)}, role


def test_support_may_change_nothing_and_send_nothing() -> None:
    changes = ("add_", "change_", "delete_", "replay_", "drop_", "control_", "issue_", "start_", "see_addresses")
    there = [f"{each.content_type.app_label}.{each.codename}" for each in Permission.objects.all()]
    changing = [name for name in there if name.split(".")[1].startswith(changes)]
    assert changing
    assert [name for name in changing if roles.may(roles.SUPPORT, name)] == []


def test_a_row_that_names_no_permission_is_a_mistake() -> None:
    with pytest.raises(roles.UnknownPermission, match=r"delivery\.reply_deadletter"):
        roles.granted(["delivery.reply_deadletter"], ["delivery.replay_deadletter"])


def test_what_an_app_that_is_not_there_would_give_is_passed_over() -> None:
    assert roles.granted(["broadcasts.start_broadcast"], ["delivery.view_alert"]) == set()


def test_somebody_who_left_a_role_is_none_of_it() -> None:
    client = somebody(roles.OPERATOR)
    Staff.objects.get().groups.clear()
    assert client.get(CONTROL).status_code == 403


def test_the_page_of_roles_is_what_the_table_says() -> None:
    assert roles_page.PAGE.read_text() == roles_page.page(), "run `manage.py roles`"
