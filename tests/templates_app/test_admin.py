"""The admin: words changed there are a new version; mistakes are shown with their line; the preview is live."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from templates_app.models import NotificationType, TemplateText
from templates_app.publish import publish, published
from templates_app.words import Words

MakeType = Callable[..., NotificationType]
EN = Words("in_app", "en", title="Hi {{ name }}", data_template={"name": "{{ name }}"})
DE = Words("in_app", "de", title="Hallo {{ name }}")


@pytest.fixture(autouse=True)
def _static_folder() -> None:
    Path(settings.STATIC_ROOT).mkdir(exist_ok=True)  # whitenoise warns when there is none


@pytest.fixture
def kind(make_type: MakeType) -> NotificationType:
    return make_type("order_shipped", EN, DE, example={"name": "Ada"})


def row_of(kind: NotificationType, locale: str) -> TemplateText:
    return TemplateText.objects.get(version__type=kind, version__number=kind.template_version, locale=locale)


def save(client: Client, row: TemplateText, **changed: Any) -> Any:
    form = {"title": row.title, "body": row.body, "data_template": "{}", "note": "", **changed}
    return client.post(reverse("admin:templates_app_templatetext_change", args=[row.pk]), form)


def test_every_page_opens(admin_client: Client, kind: NotificationType) -> None:
    for model, pk in (("notificationtype", kind.pk), ("templatetext", row_of(kind, "de").pk)):
        assert admin_client.get(reverse(f"admin:templates_app_{model}_changelist")).status_code == 200
        assert admin_client.get(reverse(f"admin:templates_app_{model}_add")).status_code == 200
        page = admin_client.get(reverse(f"admin:templates_app_{model}_change", args=[pk]))
        assert page.status_code == 200
        assert b"order_shipped" in page.content
    assert admin_client.get(reverse("admin:templates_app_templateversion_changelist")).status_code == 200


def test_changed_words_are_a_new_version_with_all_the_other_words(admin_client: Client, kind: NotificationType) -> None:
    answer = save(admin_client, row_of(kind, "de"), title="Moin {{ name }}", note="warmer")
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    kind.refresh_from_db()
    assert kind.template_version == 2
    assert {words.locale: words.title for words in published(kind)} == {"en": EN.title, "de": "Moin {{ name }}"}
    version = kind.versions.get(number=2)
    assert (version.author, version.note) == ("admin", "warmer")
    assert kind.versions.get(number=1).texts.get(locale="de").title == DE.title


def test_unchanged_words_are_no_new_version(admin_client: Client, kind: NotificationType) -> None:
    save(admin_client, row_of(kind, "de"))
    kind.refresh_from_db()
    assert kind.template_version == 1


def test_a_mistake_is_shown_at_its_field_with_the_line(admin_client: Client, kind: NotificationType) -> None:
    answer = save(admin_client, row_of(kind, "de"), body="Hallo\n{% if name %}")
    assert "line 2" in answer.context["adminform"].form.errors["body"][0]
    kind.refresh_from_db()
    assert kind.template_version == 1


def test_nobody_writes_over_words_published_meanwhile(admin_client: Client, kind: NotificationType) -> None:
    opened = row_of(kind, "de")
    publish(kind, [EN, Words("in_app", "de", title="Servus")])
    answer = save(admin_client, opened, title="Moin")
    assert "meanwhile" in answer.context["adminform"].form.non_field_errors()[0]


def test_words_for_another_channel_can_be_added(admin_client: Client, kind: NotificationType) -> None:
    form = {"type": kind.pk, "channel": "sms", "locale": "en", "body": "Hi {{ name }}", "data_template": "{}"}
    answer = admin_client.post(reverse("admin:templates_app_templatetext_add"), form)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    kind.refresh_from_db()
    assert len(published(kind)) == 3


def test_an_old_version_can_be_published_again(admin_client: Client, kind: NotificationType) -> None:
    publish(kind, [EN])
    first = kind.versions.get(number=1)
    answer = admin_client.post(
        reverse("admin:templates_app_templateversion_changelist"),
        {"action": "publish_again", "_selected_action": [first.pk]},
    )
    assert answer.status_code == 302
    kind.refresh_from_db()
    assert kind.template_version == 3
    assert len(published(kind)) == 2


def test_the_preview_renders_the_example(admin_client: Client, kind: NotificationType) -> None:
    url = reverse("admin:templates_app_templatetext_preview")
    form = {"type": kind.pk, "channel": "in_app", "locale": "en", "title": "Hi {{ name }}"}
    assert admin_client.post(url, form).json()["content"]["title"] == "Hi Ada"
    assert admin_client.post(url, {**form, "example": '{"name": "Bob"}'}).json()["content"]["title"] == "Hi Bob"
    error = admin_client.post(url, {**form, "body": "x\n{{ nope }}"}).json()["error"]
    assert (error["field"], error["line"]) == ("body", 2)
    assert admin_client.post(url, {**form, "example": "{"}).json()["error"]["field"] == "example"


def test_the_preview_is_for_those_who_may_change_templates(client: Client, kind: NotificationType) -> None:
    answer = client.post(reverse("admin:templates_app_templatetext_preview"), {"channel": "in_app"})
    assert answer.status_code == 302


def test_channels_keep_their_order(admin_client: Client, kind: NotificationType) -> None:
    kind.channels = ["push", "in_app"]
    kind.save()
    page = reverse("admin:templates_app_notificationtype_change", args=[kind.pk])
    form = {
        "category": "order_updates", "priority": "high", "channels": ["in_app", "push", "email"], "fallback": "on",
        "dedupe_window_s": 0, "expires_after_s": 0, "default_locale": "en", "example": "{}",
    }  # fmt: skip
    answer = admin_client.post(page, form)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    kind.refresh_from_db()
    assert kind.channels == ["push", "in_app", "email"]
    assert kind.priority == "high"
    assert kind.sms_countries == []


def test_the_countries_of_a_types_sms_are_checked(admin_client: Client, kind: NotificationType) -> None:
    page = reverse("admin:templates_app_notificationtype_change", args=[kind.pk])
    form = {
        "category": "order_updates", "priority": "high", "channels": ["sms"], "dedupe_window_s": 0,
        "expires_after_s": 0, "default_locale": "en", "example": "{}",
    }  # fmt: skip
    refused = admin_client.post(page, {**form, "sms_countries": '["DE", "Germany"]'})
    assert "is no country" in str(refused.context["adminform"].form.errors["sms_countries"])
    assert admin_client.post(page, {**form, "sms_countries": '["DE", "AT"]'}).status_code == 302
    kind.refresh_from_db()
    assert kind.sms_countries == ["DE", "AT"]
