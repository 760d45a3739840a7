"""Every role and every page of the admin: what the table of roles says, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.contrib.auth.models import User as Staff
from django.test import Client
from django.urls import resolve

from delivery import roles, roles_page
from delivery.roles import ROLES
from tests.delivery.conftest import DATABASES
from tests.delivery.staff import of_broadcasts, of_models, of_operators, of_people, of_templates
from tests.delivery.staff.actions import Action, may
from tests.delivery.staff.given import everything

pytestmark = [pytest.mark.django_db(transaction=True, databases=DATABASES), pytest.mark.usefixtures("servers")]


ACTIONS = [
    *of_operators.ACTIONS,
    *of_people.ACTIONS,
    *of_templates.ACTIONS,
    *of_broadcasts.ACTIONS,
    *of_models.ACTIONS,
]
ROLE_ACTIONS = [pytest.param(role, id=role) for role in ROLES]
# The frame of the admin, for whoever may log in; the last shows what of an app one may see, and is nowhere linked.
FRAME = {
    "login", "logout", "password_change", "password_change_done", "search", "autocomplete", "jsi18n", "view_on_site",
    "app_list",
}  # fmt: skip
# Addresses that the admin names and other pages stand at.
COVERED = {"delivery_letterjob_history", "delivery_letterjob_change", "delivery_letterjob_delete"}
COVERED |= {"templates_app_notificationtype_translations"}


@pytest.fixture
def names(settings) -> dict[str, str]:
    return everything()


def somebody(role: str) -> Client:
    """A member of staff with this role and no other right."""
    roles.apply()
    staff = Staff.objects.create(username=role, is_staff=True)
    staff.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    return client


def address(action: Action, names: dict[str, str]) -> str:
    """Where it is done; a model's own pages and those of its room call a row by the model's name."""
    own = names | ({"user": names["user_of_admin"]} if "/auth/user/" in action.path else {})
    return action.path.format(**own)


def allowed(client: Client, action: Action, names: dict[str, str]) -> bool:
    """Whether the admin lets it be done. Anything but a page, a redirect or a 403 is a mistake of the table."""
    path = address(action, names)
    answer = client.get(path) if action.data is None else client.post(path, action.data)
    if answer.status_code == 403:
        return False
    assert answer.status_code < 400, f"{action.name} gives {answer.status_code}"
    return not action.shows or action.shows in b"".join(answer).decode()


@pytest.mark.parametrize("role", ROLE_ACTIONS)
def test_each_may_do_what_the_table_says_and_nothing_else(role: str, names: dict[str, str]) -> None:
    client = somebody(role)
    wrong = [
        f"{action.name}: {'refused' if may(role, action.permission) else 'allowed'}"
        for action in ACTIONS
        if allowed(client, action, names) != may(role, action.permission)
    ]
    assert wrong == [], role


def test_the_tables_know_every_page_of_the_admin(names: dict[str, str]) -> None:
    known = FRAME | {resolve(urlsplit(address(action, names)).path).url_name for action in ACTIONS}
    pages = {found.name for found in _patterns(admin.site.get_urls()) if found.name}
    assert pages - known - COVERED == set()


def test_the_tables_know_every_action_of_a_list() -> None:
    listed = {action.shows for action in ACTIONS}
    for model_admin in admin.site._registry.values():
        for _act, name, _says in model_admin._get_base_actions():
            assert f'<option value="{name}"' in listed, f"{model_admin}: {name}"


def _patterns(patterns: Iterable[Any]) -> Iterator[Any]:
    for each in patterns:
        yield from _patterns(each.url_patterns) if hasattr(each, "url_patterns") else [each]


def test_a_stranger_is_sent_to_the_login_from_everywhere(names: dict[str, str]) -> None:
    stranger = Client()
    for path in {address(action, names) for action in ACTIONS}:
        answered = stranger.get(path)
        assert answered.status_code == 302, path
        assert "/admin/login/" in answered["Location"], path


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
    assert roles.granted(["sandbox.view_outboxmessage"], ["delivery.view_alert"]) == set()


def test_somebody_who_left_a_role_is_none_of_it() -> None:
    client = somebody(roles.OPERATOR)
    Staff.objects.get().groups.clear()
    assert client.get(of_operators.CONTROL).status_code == 403


def test_the_page_of_roles_is_what_the_table_says() -> None:
    assert roles_page.PAGE.read_text() == roles_page.page(), "run `manage.py roles`"
