"""The admin's pages of types: their rules, their variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from templates_app.models import NotificationType, SharedHtml
from templates_app.variables.rows import declared
from templates_app.words import Words

MakeType = Callable[..., NotificationType]
EN = Words("in_app", "en", title="Hi {{ name }}")
RULES = {
    "category": "order_updates", "priority": "high", "channels": ["in_app", "push", "email"], "fallback": "on",
    "dedupe_window_s": 0, "expires_after_s": 0, "default_locale": "en",
}  # fmt: skip


def with_variables(*rows: dict[str, Any]) -> dict[str, Any]:
    form: dict[str, Any] = {"variables-TOTAL_FORMS": len(rows), "variables-INITIAL_FORMS": 0}
    for number, row in enumerate(rows):
        form |= {f"variables-{number}-{name}": value for name, value in row.items()}
    return form


@pytest.fixture
def kind(make_type: MakeType) -> NotificationType:
    return make_type("order_shipped", EN, example={"name": "Ada"})


def save(client: Client, kind: NotificationType, **form: Any) -> Any:
    page = reverse("admin:templates_app_notificationtype_change", args=[kind.pk])
    return client.post(page, {**RULES, **with_variables(), **form})


def test_channels_keep_their_order(admin_client: Client, kind: NotificationType) -> None:
    kind.channels = ["push", "in_app"]
    kind.save()
    answer = save(admin_client, kind)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    kind.refresh_from_db()
    assert kind.channels == ["push", "in_app", "email"]
    assert kind.priority == "high"
    assert kind.sms_countries == []


def test_the_countries_of_a_types_sms_are_checked(admin_client: Client, kind: NotificationType) -> None:
    refused = save(admin_client, kind, sms_countries='["DE", "Germany"]')
    assert "is no country" in str(refused.context["adminform"].form.errors["sms_countries"])
    assert save(admin_client, kind, sms_countries='["DE", "AT"]').status_code == 302
    kind.refresh_from_db()
    assert kind.sms_countries == ["DE", "AT"]


def test_examples_are_written_as_they_read(admin_client: Client, kind: NotificationType) -> None:
    rows = (
        {"path": "order_id", "kind": "text", "required": "on", "example": "ord_1"},
        {"path": "total", "kind": "number", "required": "on", "example": "12.5"},
        {"path": "gift", "kind": "boolean", "example": "yes"},
        {"path": "items", "kind": "list", "required": "on", "example": '[{"name": "Mug"}]'},
    )
    answer = save(admin_client, kind, **with_variables(*rows))
    assert answer.status_code == 302
    assert [each.example for each in declared(kind.variables.all())] == ["ord_1", 12.5, True, [{"name": "Mug"}]]
    kind.refresh_from_db()
    assert kind.example == {"order_id": "ord_1", "total": 12.5, "gift": True, "items": [{"name": "Mug"}]}


def test_an_example_of_another_kind_is_told_at_its_row(admin_client: Client, kind: NotificationType) -> None:
    answer = save(admin_client, kind, **with_variables({"path": "total", "kind": "number", "example": "many"}))
    assert "a number such as" in answer.text
    assert not kind.variables.exists()


def test_variables_are_guessed_from_an_example_that_was_there_first(
    admin_client: Client, kind: NotificationType
) -> None:
    page = reverse("admin:templates_app_notificationtype_variables_from_example", args=[kind.pk])
    assert admin_client.get(page).status_code == 302
    assert [(each.path, each.kind, each.required) for each in declared(kind.variables.all())] == [
        ("name", "text", False)
    ]


def test_a_new_type_leads_to_its_words(admin_client: Client, kind: NotificationType) -> None:
    page = reverse("admin:templates_app_notificationtype_add")
    answer = admin_client.post(page, {**RULES, **with_variables(), "name": "new_type"})
    made = NotificationType.objects.get(name="new_type")
    assert answer.headers["Location"] == reverse("admin:templates_app_words", args=[made.pk])
    assert admin_client.get(answer.headers["Location"], follow=True).status_code == 200


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ({"kind": "layout", "source": "<p>no place</p>"}, "where a mail"),
        ({"kind": "partial", "source": "a\n{{ x"}, "line 2"),
        ({"kind": "partial", "source": '{% include "nowhere" %}'}, "no partial"),
    ],
)
def test_a_layout_or_partial_no_mail_could_use_is_refused(admin_client: Client, form: dict[str, str], why: str) -> None:
    page = reverse("admin:templates_app_sharedhtml_add")
    answer = admin_client.post(page, {"name": "frame", "description": "", **form})
    assert why in answer.context["adminform"].form.errors["source"][0]
    assert not SharedHtml.objects.exists()
