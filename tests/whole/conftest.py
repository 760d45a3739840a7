"""Given for the tests of the whole pipeline: an empty platform in one process, and a type with words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from delivery import controls
from delivery.providers.sandbox import switches
from notifications import credentials, rate
from notifications.log import get_log
from preferences.models import Device, PreferenceRow, User
from templates_app.catalog import get_catalog
from templates_app.models import NotificationType
from templates_app.publish import publish
from templates_app.texts import TEXTS
from templates_app.words import Words
from tests import engines
from tests.engines import own_log
from tests.notifications.accepting import create_topics
from tests.pipeline import Pipeline, working


@pytest.fixture(scope="session")
def worker(redis_server: Path, django_db_setup: None) -> Iterator[None]:
    """One Celery worker for all of these tests."""
    with working():
        yield


@pytest.fixture
def pipeline(tmp_path: Path, settings, transactional_db: None, redis: object, worker: None) -> Iterator[Pipeline]:
    """An empty platform: its own log, databases and Redis."""
    settings.LOG_OPTIONS = own_log(settings.LOG_OPTIONS, Path(settings.VAR) / "logs" / tmp_path.name)
    get_log.cache_clear()
    get_catalog.cache_clear()
    TEXTS.clear()
    credentials._local.clear()
    rate._slices.clear()
    switches.forget()
    controls.forget()
    create_topics()
    running = Pipeline()
    yield running
    running.close()
    get_log().close()
    get_log.cache_clear()
    get_catalog.cache_clear()
    engines.forget_log(settings.LOG_OPTIONS)


def make_type(name: str, *, words: dict[str, str] | None = None, **fields: Any) -> NotificationType:
    """A type with a text for each of its channels, "{{ order }} left us." where `words` has none (by channel)."""
    kind = NotificationType.objects.create(name=name, **{"category": "order_updates", "channels": ["in_app"]} | fields)
    texts = dict.fromkeys(kind.channels, "{{ order }} left us.") | (words or {})
    publish(kind, [Words(channel, "en", title="On its way", body=body) for channel, body in texts.items()])
    return kind


def make_user(user_id: str, *, token: str = "", platform: str = "apns", **fields: Any) -> User:
    """A user who wants SMS too; `token` is the push token of their one device."""
    user = User.objects.create(user_id=user_id, **{"locale": "en"} | fields)
    if token:
        Device.objects.create(user=user, token=token, platform=platform)
    PreferenceRow.objects.create(user=user, scope="*", channel="sms", enabled=True)
    return user


@pytest.fixture
def order_shipped(pipeline: Pipeline) -> NotificationType:
    """A type with words for every channel."""
    kind = NotificationType.objects.create(
        name="order_shipped",
        category="order_updates",
        priority="high",
        channels=["in_app", "push", "email", "sms"],
    )
    texts = [
        Words("in_app", "en", title="On its way", body="{{ order }} left us.", action_url="/orders/{{ order }}"),
        Words("push", "en", title="On its way", body="{{ order }} left us."),
        Words("email", "en", title="{{ order }} is on its way", body="It left us.", html="<p>It left us.</p>"),
        Words("sms", "en", body="{{ order }} left us."),
    ]
    publish(kind, texts)
    return kind


@pytest.fixture
def ada(pipeline: Pipeline) -> User:
    """A user who can be reached everywhere and wants it all."""
    user = User.objects.create(user_id="usr_42", email="ada@example.com", phone="+4915112345678", locale="en")
    Device.objects.create(user=user, device_id="phone", token="token-1", platform="apns")
    PreferenceRow.objects.create(user=user, scope="*", channel="sms", enabled=True)
    return user
