"""What authors use of acceptance: a test of a draft, and the data of past events."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.contrib.auth.models import User as Staff
from django.test import Client
from django.urls import reverse

from foundation.clock import now_ms
from notifications.accept import accept
from notifications.for_authors import events
from notifications.sending import Accepted
from preferences.models import User
from templates_app import drafts
from templates_app.content import Content, RenderRequest
from templates_app.models import TemplateVersion
from templates_app.publish import publish
from templates_app.render import render
from templates_app.words import Words
from tests.notifications.accepting import SENDER, a_request, make_type, written

pytestmark = [
    pytest.mark.django_db(databases=["default", "store"]),
    pytest.mark.usefixtures("fresh_process", "empty_log"),
]
DATA = {"order_id": "ord_1"}


@pytest.fixture
def kind() -> Any:
    made = make_type()
    publish(made, [Words("push", "en", title="Shipped")])
    drafts.change_text(made, Words("push", "en", title="On its way: {{ order_id }}"), by="admin")
    User.objects.create(user_id="usr_me", email="me@example.com", locale="en")
    return made


def send(client: Client, kind: Any, **form: str) -> dict[str, str]:
    page = reverse("admin:templates_app_words_test", args=[kind.pk, "push"])
    answer: dict[str, str] = client.post(page, {"user": "usr_me", "data": '{"order_id": "ord_1"}', **form}).json()
    return answer


def test_a_test_goes_the_ordinary_way_under_the_drafts_words_and_says_that_it_is_one(admin_client, kind):
    assert "Sent to usr_me" in send(admin_client, kind)["said"]
    [(_, event, _)] = written()
    assert (event.type, event.channels, event.data) == ("order_shipped", ["push"], DATA)
    assert event.token.startswith("test:admin:")
    request = RenderRequest(
        type="order_shipped", channel="push", locale="en", data=DATA, template_version=event.template_version
    )
    (content,) = render([request])
    assert isinstance(content, Content)
    assert content.title == "[Test] On its way: ord_1"


def test_a_test_publishes_nothing_and_the_next_version_has_a_number_of_its_own(admin_client, kind):
    send(admin_client, kind)
    kind.refresh_from_db()
    assert kind.template_version == 1
    assert publish(kind, [Words("push", "en", title="x")]).number == 3
    assert TemplateVersion.objects.get(number=2).is_test


def test_what_cant_be_sent_is_told(admin_client, kind):
    assert "no user" in send(admin_client, kind, user="usr_nobody")["problem"]
    assert "no JSON" in send(admin_client, kind, data="{")["problem"]
    drafts.change_text(kind, Words("push", "en", title="{{"), by="admin")
    assert "can't be sent" in send(admin_client, kind)["problem"]
    assert written() == []


def test_nobody_sends_tests_without_end(admin_client, kind):
    for _ in range(10):
        assert "said" in send(admin_client, kind)
    assert "10 tests within a minute" in send(admin_client, kind)["problem"]


def test_a_past_event_is_found_by_its_id_also_before_it_is_routed(kind):
    (accepted,) = accept([a_request(data=DATA)], SENDER, now=now_ms())
    assert isinstance(accepted, Accepted)
    (found,) = events(accepted.notification_id, "order_shipped")
    assert (found.type, found.data) == ("order_shipped", DATA)
    assert events(accepted.notification_id, "another_type") == []
    assert events("usr_nobody", "order_shipped") == []


@pytest.mark.parametrize(("sees", "shown"), [((), "a…@e….com"), (("see_addresses",), "ann@example.com")])
def test_contact_data_of_past_events_is_masked_for_who_may_not_see_addresses(client, kind, sees, shown):
    data = DATA | {"contact": [{"mail": "ann@example.com"}]}
    (accepted,) = accept([a_request(data=data)], SENDER, now=now_ms())
    author = Staff.objects.create_user("author", is_staff=True)
    author.user_permissions.set(Permission.objects.filter(codename__in=("see_events", *sees)))
    client.force_login(author, backend="django.contrib.auth.backends.ModelBackend")

    page = reverse("admin:templates_app_events", args=[kind.pk])
    (found,) = client.post(page, {"asked": accepted.notification_id}).json()["events"]

    assert found["data"] == DATA | {"contact": [{"mail": shown}]}


def test_the_page_for_past_events(admin_client, kind):
    (accepted,) = accept([a_request(data=DATA)], SENDER, now=now_ms())
    page = reverse("admin:templates_app_events", args=[kind.pk])
    found = admin_client.post(page, {"asked": accepted.notification_id}).json()
    assert found["events"][0]["data"] == DATA
    assert "No past event" in admin_client.post(page, {"asked": "notif_1"}).json()["problem"]
