"""The rules that make a type a security type change with a second person, and nobody publishes alone meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from foundation.errors import Conflict
from templates_app import drafts, publishing, security_rules
from templates_app.files.folder import Folder, TextFile, TypeFolder
from templates_app.files.pushing import push
from templates_app.models import Draft, NotificationType, RuleChange, TemplateVersion
from templates_app.words import Words
from tests.templates_app.test_admin import save

MakeType = Callable[..., NotificationType]
EN = Words("in_app", "en", title="Your code")
AT = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture
def kind(make_type: MakeType) -> NotificationType:
    return make_type("login_code", EN, mandatory=True)


@pytest.fixture
def ada(db: None) -> Client:
    return logged_in("ada")


@pytest.fixture
def ben(db: None) -> Client:
    return logged_in("ben")


def logged_in(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser(name))
    return client


def press(client: Client, kind: NotificationType, button: str) -> str:
    answer = client.post(reverse(f"admin:templates_app_rules_{button}", args=[kind.pk]), follow=True)
    return str([str(message) for message in answer.context["messages"]])


def publish_as(who: str, kind: NotificationType) -> publishing.Done:
    drafts.change_text(kind, Words("in_app", "en", title="Buy now"), by=who)
    return publishing.propose(kind, by=who)


def is_mandatory(kind: NotificationType) -> bool:
    return NotificationType.objects.get(pk=kind.pk).mandatory


def test_an_author_who_unticks_mandatory_still_cant_publish_alone(ada: Client, kind: NotificationType) -> None:
    assert save(ada, kind, priority="low").status_code == 302  # the form's box for mandatory isn't ticked

    kind.refresh_from_db()
    assert kind.mandatory
    assert kind.priority == "low"
    assert isinstance(publish_as("ada", kind), Draft)
    assert TemplateVersion.objects.count() == 1


@pytest.mark.parametrize(("given", "ticked"), [(False, {"mandatory": "on"}), (True, {})])
def test_a_second_person_approves_it_in_either_direction(
    ada: Client, ben: Client, make_type: MakeType, given: bool, ticked: dict[str, Any]
) -> None:
    kind = make_type("login_code", EN, mandatory=given)
    save(ada, kind, **ticked)

    assert "You proposed this yourself" in press(ada, kind, "approve")
    assert is_mandatory(kind) is given
    assert "from now on" in press(ben, kind, "approve")
    assert is_mandatory(kind) is not given
    row = RuleChange.objects.get()
    assert (row.proposed_by, row.approved_by) == ("ada", "ben")
    assert row.approved_at


def test_while_it_waits_words_need_two_though_the_type_isnt_one_yet(ada: Client, make_type: MakeType) -> None:
    kind = make_type("login_code", EN)
    drafts.change_text(kind, Words("in_app", "en", title="Buy now"), by="ada")
    publishing.propose(kind, by="ada", publish_at=AT)

    save(ada, kind, mandatory="on")

    assert publishing.publish_due(AT) == []
    publishing.approve(kind, by="ben")
    assert len(publishing.publish_due(AT)) == 1
    press(ada, kind, "take_back")
    assert isinstance(publish_as("ada", kind), TemplateVersion)


def test_the_page_says_what_waits_and_offers_each_what_they_may(
    ada: Client, ben: Client, kind: NotificationType
) -> None:
    save(ada, kind)
    page = reverse("admin:templates_app_notificationtype_change", args=[kind.pk])
    own, others = (client.get(page).content.decode() for client in (ada, ben))
    assert "ada proposes: mandatory off" in own
    assert "Approve</button>" not in own
    assert "Approve</button>" in others


def test_nobody_proposes_over_another(ada: Client, ben: Client, kind: NotificationType) -> None:
    save(ada, kind)
    page = save(ben, kind, mandatory="on", two_factor="on").headers["Location"]
    assert "ada has proposed" in ben.get(page).content.decode()
    assert RuleChange.objects.get().wanted == {"mandatory": False}


def test_a_new_type_has_its_rules_at_once_and_its_first_words_need_two(make_type: MakeType) -> None:
    kind = make_type("login_code", two_factor=True)
    assert isinstance(publish_as("ada", kind), Draft)


def test_files_propose_it_too_and_once(kind: NotificationType, tmp_path: Any) -> None:
    rules = {"category": kind.category, "channels": kind.channels, "mandatory": False}
    folder = Folder([TypeFolder(kind.name, tmp_path, rules, [], [TextFile(tmp_path, EN, {})])], {}, [])

    first, again = (push(folder, by="ci", note="a release") for _ in range(2))

    assert "proposed" in first[0].done
    assert [each for each in again if "proposed" in each.done] == []
    assert is_mandatory(kind)


def test_what_was_taken_back_cant_be_approved(kind: NotificationType) -> None:
    security_rules.propose(kind, {"mandatory": False}, by="ada")
    security_rules.take_back(kind)
    with pytest.raises(Conflict, match="No change"):
        security_rules.approve(kind, by="ben")
