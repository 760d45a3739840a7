"""Beat's tick publishes scheduled words, and lets what can't be reached wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from config.celery import app
from delivery.stages.ticking import publish_templates
from templates_app import drafts, publishing
from templates_app.models import Draft, NotificationType
from templates_app.publish import make_test_version, publish, published, purge_tests
from templates_app.words import Words

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis")]


@pytest.fixture
def kind() -> NotificationType:
    made = NotificationType.objects.create(name="greeting", category="social", channels=["push"])
    publish(made, [Words("push", "en", title="Hi")])
    drafts.change_text(made, Words("push", "en", title="Ahoy"), by="ada")
    return made


def test_a_tick_publishes_what_is_due(kind):
    publishing.propose(kind, by="ada", publish_at=datetime.now(UTC) - timedelta(seconds=1))
    publish_templates()
    kind.refresh_from_db()
    assert [words.title for words in published(kind)] == ["Ahoy"]
    assert not Draft.objects.exists()
    publish_templates()
    assert kind.versions.count() == 2


def test_a_tick_leaves_what_isnt(kind):
    publish_templates()
    publishing.propose(kind, by="ada", publish_at=datetime.now(UTC) + timedelta(days=1))
    publish_templates()
    assert Draft.objects.get().is_proposed


def test_beat_ticks_it():
    assert "delivery.stages.publish_templates" in {entry["task"] for entry in app.conf.beat_schedule.values()}


def test_versions_of_tests_go_once_the_log_has_forgotten_them(kind):
    old, new = (make_test_version(kind, [Words("push", "en", title="x")], author="ada") for _ in range(2))
    type(old).objects.filter(pk=old.pk).update(published_at=datetime.now(UTC) - timedelta(days=9))
    purge_tests(kept_since=int((datetime.now(UTC) - timedelta(days=8)).timestamp() * 1000))
    assert list(kind.versions.values_list("number", flat=True)) == [new.number, 1]
