"""Drafts: words nobody gets until they are published, at once, at a time, or after a second person's look."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from foundation.errors import Conflict, TemplateError
from templates_app import drafts, publishing
from templates_app.models import Draft, NotificationType, TemplateVersion
from templates_app.publish import publish, published
from templates_app.words import Words

MakeType = Callable[..., NotificationType]
EN, DE = Words("push", "en", title="Hi", body="Hello"), Words("push", "de", title="Hallo", body="Guten Tag")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def kind(make_type: MakeType) -> NotificationType:
    return make_type("greeting", EN, DE)


@pytest.fixture
def mandatory(make_type: MakeType) -> NotificationType:
    return make_type("password_changed", EN, mandatory=True)


def titles(kind: NotificationType) -> dict[str, str]:
    kind.refresh_from_db()
    return {words.locale: words.title for words in published(kind)}


def write(kind: NotificationType, title: str, by: str = "ada", locale: str = "en") -> int:
    return drafts.change_text(kind, Words("push", locale, title=title, body="x"), by=by)


def test_a_draft_begins_with_the_published_words_and_changes_nothing_for_readers(kind: NotificationType) -> None:
    write(kind, "Ahoy")
    assert {words.locale: words.title for words in drafts.working_words(kind)} == {"en": "Ahoy", "de": "Hallo"}
    assert titles(kind) == {"en": "Hi", "de": "Hallo"}


def test_publishing_makes_a_version_with_all_words_and_ends_the_draft(kind: NotificationType) -> None:
    write(kind, "Ahoy")
    version = publishing.propose(kind, by="ada", note="warmer")
    assert isinstance(version, TemplateVersion)
    assert (version.number, version.author, version.note) == (2, "ada", "warmer")
    assert titles(kind) == {"en": "Ahoy", "de": "Hallo"}
    assert drafts.draft_of(kind) is None


def test_a_version_says_in_which_one_each_text_was_last_changed(kind: NotificationType) -> None:
    write(kind, "Ahoy")
    version = publishing.propose(kind, by="ada")
    assert isinstance(version, TemplateVersion)
    assert {row.locale: row.changed_in for row in version.texts.all()} == {"en": 2, "de": 1}


def test_two_who_press_publish_publish_once(kind: NotificationType) -> None:
    write(kind, "Ahoy")
    publishing.propose(kind, by="ada")
    with pytest.raises(Conflict, match="no draft"):
        publishing.propose(kind, by="ben")
    assert kind.versions.count() == 2


def test_nobody_writes_over_another_unseen(kind: NotificationType) -> None:
    seen = write(kind, "Ahoy", by="ada")
    drafts.change_text(kind, EN, by="ben", revision=seen)
    with pytest.raises(Conflict, match="ben changed this text"):
        drafts.change_text(kind, DE_AS_EN, by="ada", revision=seen)


DE_AS_EN = Words("push", "en", title="Hallo", body="x")


def test_a_draft_begun_before_another_version_has_to_be_brought_up_to_date(kind: NotificationType) -> None:
    write(kind, "Ahoy")
    publish(kind, [EN, Words("push", "de", title="Moin", body="x")], author="ben")
    with pytest.raises(Conflict, match="Version 2 was published"):
        publishing.propose(kind, by="ada")
    assert drafts.bring_up_to_date(kind, by="ada") == []
    publishing.propose(kind, by="ada")
    assert titles(kind) == {"en": "Ahoy", "de": "Moin"}


def test_what_both_sides_changed_keeps_the_drafts_words_and_is_named(kind: NotificationType) -> None:
    write(kind, "Ahoy")
    publish(kind, [Words("push", "en", title="Hey", body="x"), DE])
    assert drafts.bring_up_to_date(kind, by="ada") == [("push", "en")]
    publishing.propose(kind, by="ada")
    assert titles(kind)["en"] == "Ahoy"


def test_words_that_cant_be_compiled_arent_published(kind: NotificationType) -> None:
    drafts.change_text(kind, Words("push", "en", title="x", body="a\n{% if x %}"), by="ada")
    with pytest.raises(TemplateError, match="line 2"):
        publishing.propose(kind, by="ada")
    assert titles(kind)["en"] == "Hi"
    assert not Draft.objects.get().is_proposed


def test_words_that_fail_on_the_types_example_arent_published(make_type: MakeType) -> None:
    kind = make_type("greeting", EN, example={"name": "Ada"})
    drafts.change_text(kind, Words("push", "en", title="x", body="a\n{{ ''.__class__ }}"), by="ada")
    with pytest.raises(Conflict, match="line 2"):
        publishing.propose(kind, by="ada")
    assert titles(kind)["en"] == "Hi"


def test_a_scheduled_draft_goes_out_at_its_time_and_not_before(kind: NotificationType) -> None:
    write(kind, "Ahoy")
    publishing.propose(kind, by="ada", publish_at=NOW)
    assert publishing.publish_due(NOW - timedelta(seconds=1)) == []
    assert titles(kind)["en"] == "Hi"
    (version,) = publishing.publish_due(NOW)
    assert (version.number, version.author) == (2, "ada")
    assert titles(kind)["en"] == "Ahoy"
    assert publishing.publish_due(NOW) == []


def test_nobody_edits_what_is_scheduled_until_it_is_taken_back(kind: NotificationType) -> None:
    write(kind, "Ahoy")
    publishing.propose(kind, by="ada", publish_at=NOW)
    with pytest.raises(Conflict, match="ada has proposed"):
        write(kind, "Later")
    publishing.take_back(kind)
    write(kind, "Later")
    assert publishing.publish_due(NOW) == []


def test_a_scheduled_draft_that_cant_go_out_is_opened_again_and_says_why(kind: NotificationType) -> None:
    write(kind, "Ahoy")
    publishing.propose(kind, by="ada", publish_at=NOW)
    publish(kind, [EN, DE], author="ben")
    assert publishing.publish_due(NOW) == []
    draft = Draft.objects.get()
    assert not draft.is_proposed
    assert "Version 2 was published" in draft.problem


def test_a_mandatory_types_words_need_a_second_person(mandatory: NotificationType) -> None:
    write(mandatory, "Ahoy")
    waiting = publishing.propose(mandatory, by="ada")
    assert isinstance(waiting, Draft)
    assert waiting.waits_for_approval
    assert titles(mandatory)["en"] == "Hi"
    with pytest.raises(Conflict, match="second person"):
        publishing.approve(mandatory, by="ada")
    version = publishing.approve(mandatory, by="ben")
    assert isinstance(version, TemplateVersion)
    assert (version.author, version.approved_by) == ("ada", "ben")
    assert version.approved_at
    assert titles(mandatory)["en"] == "Ahoy"


def test_a_mandatory_types_time_passes_without_approval(mandatory: NotificationType) -> None:
    write(mandatory, "Ahoy")
    at = datetime.now(UTC) + timedelta(days=1)
    publishing.propose(mandatory, by="ada", publish_at=at)
    assert publishing.publish_due(at) == []
    assert isinstance(publishing.approve(mandatory, by="ben"), Draft)
    assert len(publishing.publish_due(at)) == 1


def test_old_words_come_back_as_a_new_version(kind: NotificationType) -> None:
    publish(kind, [Words("push", "en", title="Hey", body="x")])
    version = publishing.roll_back(kind, 1, by="ada")
    assert isinstance(version, TemplateVersion)
    assert (version.number, version.note) == (3, "version 1 again")
    assert titles(kind) == {"en": "Hi", "de": "Hallo"}


def test_a_mandatory_types_old_words_are_proposed(mandatory: NotificationType) -> None:
    publish(mandatory, [Words("push", "en", title="Hey", body="x")])
    assert isinstance(publishing.roll_back(mandatory, 1, by="ada"), Draft)
    assert titles(mandatory)["en"] == "Hey"
    publishing.approve(mandatory, by="ben")
    assert titles(mandatory)["en"] == "Hi"
