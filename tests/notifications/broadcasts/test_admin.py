"""Broadcasts in the admin: written, estimated, approved by a second person, steered; each with its permission."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from delivery.broadcasts.estimating import begun, count_page
from notifications.broadcasts import states
from notifications.broadcasts.models import Broadcast
from preferences.models import PreferenceRow, User
from templates_app.catalog import get_catalog
from templates_app.models import NotificationType
from templates_app.variables.kinds import Declared
from templates_app.variables.rows import set_variables
from tests.notifications.broadcasts.segments import make_news, make_users

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_process")]

FORM = {
    "name": "Dark mode",
    "segment": "everybody",
    "type": "platform_announcement",
    "variables": '{"title": "New: Dark Mode!", "body": "Try it."}',
    "rate": "1000",
}
LIST = "/admin/broadcasts/broadcast/"
ADD = f"{LIST}add/"


def somebody(name: str, *permissions: str) -> Client:
    user = get_user_model().objects.create_user(name, password="secret", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_broadcast", *permissions]))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def ann() -> Client:
    make_news(channels=["in_app", "email"])
    make_users(20)
    return somebody("ann", "add_broadcast", "start_broadcast", "control_broadcast", "recall_broadcast")


@pytest.fixture
def draft(ann) -> Broadcast:
    assert ann.post(ADD, FORM).status_code == 302
    return Broadcast.objects.get()


def page(client: Client, row: Broadcast) -> str:
    answer = client.get(reverse("admin:broadcasts_broadcast_change", args=[row.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def press(client: Client, row: Broadcast, what: str) -> int:
    return client.post(reverse("admin:broadcasts_do", args=[row.pk, what]), follow=True).status_code


def test_a_new_one_is_a_draft_of_which_nothing_goes_out(ann, draft):
    assert (draft.state, draft.proposed_by, draft.rate, draft.size) == (states.DRAFT, "ann", 1_000, 20)
    shown = page(ann, draft)
    assert "20 recipients" in shown
    assert "New: Dark Mode!" in shown
    assert "Start it" in shown


def test_what_is_wrong_stands_at_its_field(ann):
    answer = ann.post(ADD, FORM | {"channels": ["sms"]})
    assert "has no sms" in answer.content.decode()
    assert not Broadcast.objects.exists()


def test_the_words_variables_are_asked_for_one_by_one_and_an_example_is_never_sent(ann):
    kind = NotificationType.objects.get()
    set_variables(kind, [Declared("title", example="Dark mode"), Declared("left", "integer", example=3)])
    get_catalog.cache_clear()
    asked = ann.get("/admin/broadcasts/broadcast/variables/?type=platform_announcement").content.decode()
    assert 'name="variable_title"' in asked
    assert 'placeholder="Dark mode"' in asked

    empty = ann.post(ADD, FORM | {"variables": "", "variable_title": "Hi"}).content.decode()
    assert "left" in empty
    assert not Broadcast.objects.exists()
    wrong = ann.post(ADD, FORM | {"variables": "", "variable_title": "Hi", "variable_left": "few"}).content.decode()
    assert "a whole number" in wrong

    given = {"variables": "", "variable_title": "Hi", "variable_left": "7"}
    assert ann.post(ADD, FORM | given).status_code == 302
    row = Broadcast.objects.get()
    assert row.data == {"title": "Hi", "left": 7}
    assert 'value="7"' in ann.get(reverse("admin:broadcasts_edit", args=[row.pk])).content.decode()


def test_the_list_leads_to_its_page(ann, draft):
    [link] = re.findall(r'href="(/admin/broadcasts/broadcast/[^"]+/change/)"', ann.get(LIST).content.decode())
    assert "20 recipients" in ann.get(link).content.decode()


def test_nobody_is_chosen_before_somebody_chooses(ann):
    assert ann.post(ADD, {**FORM, "segment": "", "type": ""}).status_code == 200
    assert not Broadcast.objects.exists()
    assert "Who is to get it?" in ann.get(ADD).content.decode()


def test_a_draft_is_changed_and_copied(ann, draft):
    assert ann.post(reverse("admin:broadcasts_edit", args=[draft.pk]), FORM | {"name": "Better"}).status_code == 302
    assert Broadcast.objects.get().name == "Better"
    assert 'value="Better"' in ann.get(f"{ADD}?copy={draft.pk}").content.decode()


def test_the_estimate_counts_everybody_and_why_some_get_nothing(ann, draft):
    users = list(User.objects.order_by("pk"))
    User.objects.filter(pk__in=[user.pk for user in users[:8]]).update(email="a@example.com")
    PreferenceRow.objects.create(user=users[0], scope="news", channel="email", enabled=False)
    found = count_page(draft, begun())
    assert (found["counted"], found["done"]) == (20, True)
    assert found["sends"] == {"in_app": 20, "email": 7}
    assert found["drops"] == {"email": {"no_address": 12, "opted_out": 1}}
    assert found["expansion_s"] == pytest.approx(0.02)
    Broadcast.objects.update(estimate=found)
    shown = page(ann, draft)
    assert "7 get it" in shown
    assert "<b>12</b> no_address" in shown


def test_two_persons_above_the_size(ann, draft, settings):
    settings.BROADCAST_APPROVAL_ABOVE = 10
    press(ann, draft, "submit")
    assert Broadcast.objects.get().state == states.WAITING
    assert "somebody else approves it" in page(ann, draft)
    bob = somebody("bob", "approve_broadcast")
    assert "Approve" in page(bob, draft)
    press(bob, draft, "approve")
    row = Broadcast.objects.get()
    assert (row.state, row.approved_by) == (states.SCHEDULED, "bob")


def test_its_author_cant_approve_it_whatever_they_may(ann, draft, settings):
    settings.BROADCAST_APPROVAL_ABOVE = 10
    root = Client()
    root.force_login(get_user_model().objects.create_superuser("root", "root@example.com", "secret"))
    Broadcast.objects.update(proposed_by="root", state=states.WAITING)
    press(root, draft, "approve")
    assert Broadcast.objects.get().state == states.WAITING


def test_sent_back_with_a_reason(ann, draft, settings):
    Broadcast.objects.update(state=states.WAITING)
    bob = somebody("bob", "approve_broadcast")
    bob.post(reverse("admin:broadcasts_refuse", args=[draft.pk]), {"why": "the link is dead"})
    assert Broadcast.objects.get().why == "bob: the link is dead"
    assert "the link is dead" in page(ann, draft)


def test_pause_resume_and_cancel_from_the_page(ann, draft):
    Broadcast.objects.update(state=states.RUNNING)
    for what, state in (("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
        press(ann, draft, what)
        assert Broadcast.objects.get().state == state


def test_the_slider_changes_the_rate_and_shows_it(ann, draft):
    Broadcast.objects.update(state=states.RUNNING)
    shown = ann.post(reverse("admin:broadcasts_rate", args=[draft.pk]), {"stop": "3"}).content.decode()
    assert Broadcast.objects.get().rate == 100
    assert "100 a second" in shown
    ann.post(reverse("admin:broadcasts_rate", args=[draft.pk]), {"stop": "99"})
    assert Broadcast.objects.get().rate == 100


FORBIDDEN = ["submit", "approve", "pause", "resume", "cancel", "recall"]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_who_only_sees_does_nothing(ann, draft, what):
    viewer = somebody("eve")
    assert press(viewer, draft, what) == 403
    assert viewer.post(reverse("admin:broadcasts_rate", args=[draft.pk]), {"stop": "3"}).status_code == 403
    assert viewer.get(ADD).status_code == 403
    shown = page(viewer, draft)
    assert not [words for words in ("Start it", "edit/", "?copy=") if words in shown]


def test_the_list_and_the_live_part_answer(ann, draft):
    assert "Dark mode" in ann.get("/admin/broadcasts/broadcast/").content.decode()
    assert "data-state" in ann.get(reverse("admin:broadcasts_live", args=[draft.pk])).content.decode()
    one = ann.get(reverse("admin:broadcasts_one", args=[draft.pk]), {"user": "usr_00001"}).content.decode()
    assert "decided when it starts" in one


def test_anonymous_gets_nothing(draft):
    assert Client().get(reverse("admin:broadcasts_live", args=[draft.pk])).status_code == 302
