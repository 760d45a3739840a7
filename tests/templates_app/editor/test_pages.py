"""The editor's pages: what is written is kept, looked at, published, compared and brought back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from templates_app import drafts
from templates_app.models import Draft, NotificationType
from templates_app.publish import publish, published
from templates_app.variables.infer import infer
from templates_app.variables.rows import set_variables
from templates_app.words import Words

MakeType = Callable[..., NotificationType]
DATA = {"name": "Ada"}
EN = Words("push", "en", title="Hi {{ name }}", body="Hello")
DE = Words("push", "de", title="Hallo {{ name }}", body="Guten Tag")


@pytest.fixture
def kind(make_type: MakeType) -> NotificationType:
    made = make_type("greeting", EN, DE)
    set_variables(made, infer(DATA))
    return made


@pytest.fixture
def somebody(db: None) -> Callable[..., Client]:
    """somebody("view_notificationtype", …): a client logged in with these permissions of templates_app."""

    def make(*codenames: str) -> Client:
        user = User.objects.create_user(f"user{User.objects.count()}", is_staff=True)
        user.user_permissions.set(
            Permission.objects.filter(content_type__app_label="templates_app", codename__in=codenames)
        )
        client = Client()
        client.force_login(user)
        return client

    return make


def at(name: str, kind: NotificationType, *args: Any) -> str:
    return reverse(f"admin:templates_app_{name}", args=[kind.pk, *args])


def write(client: Client, kind: NotificationType, channel: str = "push", locale: str = "en", **fields: Any) -> Any:
    form = {"title": EN.title, "body": EN.body, "data": '{"name": "Ada"}', "save": "1", **fields}
    return client.post(at("words_live", kind, channel, locale), form).json()


def test_every_page_opens(admin_client: Client, kind: NotificationType) -> None:
    write(admin_client, kind, title="Ahoy")
    pages = [
        *(at("words_text", kind, channel, "en") for channel in ("in_app", "push", "email", "sms")),
        at("versions", kind),
        at("compare", kind),
        at("draft_publish", kind),
        at("roll_back", kind, 1),
        at("notificationtype_change", kind),
        reverse("admin:templates_app_notificationtype_changelist"),
        reverse("admin:templates_app_notificationtype_add"),
        reverse("admin:templates_app_templateversion_changelist"),
        reverse("admin:templates_app_sharedhtml_changelist"),
        reverse("admin:templates_app_sharedhtml_add"),
    ]
    for page in pages:
        answer = admin_client.get(page)
        assert answer.status_code == 200, page
    assert admin_client.get(at("words_text", kind, "fax", "en")).status_code == 404
    assert admin_client.get(at("words", kind)).headers["Location"] == at("words_text", kind, "push", "en")


def test_looking_writes_nothing(admin_client: Client, kind: NotificationType) -> None:
    found = write(admin_client, kind, title="Ahoy {{ name }}", save="")
    assert "Ahoy Ada" in found["preview"]
    assert not Draft.objects.exists()


def test_what_is_written_is_kept_in_the_draft_and_seen_by_nobody(admin_client: Client, kind: NotificationType) -> None:
    found = write(admin_client, kind, title="Ahoy {{ name }}")
    assert (found["saved"], found["revision"]) == (True, 2)
    assert "Draft" in found["state"]
    assert {words.title for words in drafts.working_words(kind)} == {"Ahoy {{ name }}", DE.title}
    assert {words.title for words in published(kind)} == {EN.title, DE.title}
    assert b"Ahoy" in admin_client.get(at("words_text", kind, "push", "en")).content


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("a\n{{ ''.__class__ }}", 2),
        ("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", 1),
        ("a\n\n{% for a in range(9999) %}{{ 'x' * 99 }}{{ 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' }}{% endfor %}", 3),
        ("a\n{% if", 2),
    ],
)
def test_what_a_template_mustnt_do_is_told_at_its_line(
    admin_client: Client, kind: NotificationType, body: str, line: int
) -> None:
    found = write(admin_client, kind, body=body)
    assert found["errors"] == 1
    assert f'data-field="body" data-line="{line}"' in found["findings"]
    assert f"line {line}" in found["findings"]
    assert found["saved"]
    assert "can&#x27;t be published" in admin_client.post(at("draft_publish", kind), {"when": "now"}, follow=True).text


def test_a_script_in_the_data_is_words_on_the_page_and_in_the_mail(
    admin_client: Client, kind: NotificationType
) -> None:
    data = '{"name": "</script><script>alert(1)</script>"}'
    for channel in ("push", "in_app", "sms", "email"):
        found = write(
            admin_client, kind, channel, title="{{ name }}", body="{{ name }}", html="<p>{{ name }}</p>", data=data
        )
        assert "<script" not in found["preview"]
        assert "<script" not in found["mail"]
    assert b"<script>alert" not in admin_client.get(at("words_text", kind, "email", "en")).content


def test_a_header_of_two_lines_is_one(admin_client: Client, kind: NotificationType) -> None:
    found = write(admin_client, kind, "email", title="Hi {{ name }}", data='{"name": "x\\r\\nBcc: all@example.com"}')
    assert "Hi x Bcc: all@example.com" in found["preview"]


def test_fields_that_cant_be_read_arent_saved_and_example_data_that_cant_is_told(
    admin_client: Client, kind: NotificationType
) -> None:
    found = write(admin_client, kind, data_template="{")
    assert "saved" not in found
    assert 'data-field="data_template" data-line="1"' in found["findings"]
    found = write(admin_client, kind, data="[1]")
    assert 'data-field="example"' in found["findings"]
    assert found["saved"]


def test_a_draft_is_published_with_a_note(admin_client: Client, kind: NotificationType) -> None:
    write(admin_client, kind, title="Ahoy")
    page = admin_client.get(at("draft_publish", kind)).text
    assert "<ins>Ahoy</ins>" in page
    admin_client.post(at("draft_publish", kind), {"when": "now", "note": "warmer"})
    kind.refresh_from_db()
    assert (kind.template_version, kind.versions.get(number=2).note) == (2, "warmer")


def test_a_time_that_has_passed_is_refused_and_one_ahead_is_kept(admin_client: Client, kind: NotificationType) -> None:
    write(admin_client, kind, title="Ahoy")
    past = admin_client.post(at("draft_publish", kind), {"when": "at", "at": "2020-01-01T10:00"}, follow=True)
    assert "has passed" in past.text
    ahead = admin_client.post(at("draft_publish", kind), {"when": "at", "at": "2099-01-01T10:00"}, follow=True)
    assert "2099-01-01 10:00 UTC" in ahead.text
    assert Draft.objects.get().is_proposed
    admin_client.post(at("draft_take_back", kind))
    assert not Draft.objects.get().is_proposed


def test_a_language_is_begun_on_all_channels_with_the_words_of_another(
    admin_client: Client, kind: NotificationType
) -> None:
    publish(kind, [EN, Words("sms", "en", body="Hi")])
    form = {"locale": "fr", "from": "en", "everywhere": "1"}
    admin_client.post(at("words_add", kind, "push"), form)
    places = {(words.channel, words.locale): words.body for words in drafts.working_words(kind)}
    assert places["push", "fr"] == "Hello"
    assert places["sms", "fr"] == "Hi"
    wrong = admin_client.post(at("words_add", kind, "push"), {"locale": "not a locale", "from": "en"}, follow=True)
    assert "a locale such as" in wrong.text


def test_a_text_is_removed_and_the_draft_discarded(admin_client: Client, kind: NotificationType) -> None:
    admin_client.post(at("words_remove", kind, "push", "de"))
    assert [words.locale for words in drafts.working_words(kind)] == ["en"]
    admin_client.post(at("draft_discard", kind))
    assert sorted(words.locale for words in drafts.working_words(kind)) == ["de", "en"]


def test_old_words_are_brought_back(admin_client: Client, kind: NotificationType) -> None:
    publish(kind, [Words("push", "en", title="Hey", body="x")])
    assert "Bring version 1 back" in admin_client.get(at("roll_back", kind, 1)).text
    admin_client.post(at("roll_back", kind, 1))
    kind.refresh_from_db()
    assert kind.template_version == 3
    assert {words.title for words in published(kind)} == {EN.title, DE.title}


def test_the_author_doesnt_approve_their_own(admin_client: Client, somebody: Any, make_type: MakeType) -> None:
    kind = make_type("alarm", EN, mandatory=True)
    write(admin_client, kind, title="Ahoy")
    admin_client.post(at("draft_publish", kind), {"when": "now"})
    assert "second person" in admin_client.post(at("draft_approve", kind), follow=True).text
    kind.refresh_from_db()
    assert kind.template_version == 1
    assert somebody("view_notificationtype").post(at("draft_approve", kind)).status_code == 403
    somebody("view_notificationtype", "approve_template").post(at("draft_approve", kind))
    kind.refresh_from_db()
    assert kind.template_version == 2


@pytest.mark.parametrize(
    ("page", "method", "codename"),
    [
        ("words_text", "get", "view_notificationtype"),
        ("words_live", "post", "view_notificationtype"),
        ("versions", "get", "view_notificationtype"),
        ("compare", "get", "view_notificationtype"),
        ("words_add", "post", "change_draft"),
        ("words_remove", "post", "change_draft"),
        ("draft_discard", "post", "change_draft"),
        ("draft_update", "post", "change_draft"),
        ("draft_take_back", "post", "change_draft"),
        ("draft_publish", "get", "publish_template"),
        ("roll_back", "get", "publish_template"),
        ("draft_approve", "post", "approve_template"),
    ],
)
def test_each_action_asks_for_its_permission(
    kind: NotificationType, client: Client, somebody: Any, page: str, method: str, codename: str
) -> None:
    arguments = {"words_text": ("push", "en"), "words_live": ("push", "en"), "words_remove": ("push", "en")}
    more: tuple[Any, ...] = {"words_add": ("push",), "roll_back": (1,)}.get(page, arguments.get(page, ()))
    address = at(page, kind, *more)
    assert getattr(client, method)(address).status_code == 302
    others = {"view_notificationtype", "change_draft", "publish_template", "approve_template"} - {codename}
    assert getattr(somebody(*others), method)(address).status_code == 403
    assert getattr(somebody(codename), method)(address).status_code in (200, 302)


def test_who_may_only_look_keeps_nothing(kind: NotificationType, somebody: Any) -> None:
    found = write(somebody("view_notificationtype"), kind, title="Ahoy")
    assert "not change it" in found["problem"]
    assert not Draft.objects.exists()
