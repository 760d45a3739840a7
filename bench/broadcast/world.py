"""What the measurements stand on: a state folder, a Redis, N users in one statement, a type with words."""

from __future__ import annotations

import os
from pathlib import Path

import django

TYPE, SEGMENT = "bench_news", "bench_everybody"
USERS = """INSERT INTO preferences_user
    (user_id, locale, time_zone, email, phone, attributes, last_active, created_at, updated_at)
    WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < %s)
    SELECT printf('usr_%%07d', n), CASE WHEN n %% 10 = 0 THEN 'de' ELSE 'en' END, 'UTC', '', '', '{}',
        datetime('now'), datetime('now'), datetime('now') FROM numbers"""


def open_up() -> None:
    """Django, on VAR."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()


def make(users: int) -> None:
    """Databases, topics, users, words in two languages: one text that reads of the recipient, one that doesn't."""
    from django.core.management import call_command
    from django.db import connection

    from notifications.log import ensure_topics
    from preferences.models import Segment
    from templates_app.models import NotificationType
    from templates_app.publish import publish
    from templates_app.words import Words

    for name in ("default", "store", "sandbox"):
        call_command("migrate", database=name, interactive=False, verbosity=0)
    ensure_topics()
    with connection.cursor() as cursor:
        cursor.execute(USERS, [users])
    Segment.objects.create(name=SEGMENT, condition={})
    for name, extra in ((TYPE, ""), (f"{TYPE}_personal", " {{ recipient.id }}")):
        kind = NotificationType.objects.create(
            name=name, category="news", priority="normal", channels=["in_app", "push"], marketing=True
        )
        publish(
            kind,
            [
                Words(channel, locale, title="{{ title }}", body="{{ body }}" + extra)
                for channel in kind.channels
                for locale in ("en", "de")
            ],
        )


def broadcast(personal: bool, channels: list[str]) -> str:
    """A broadcast to everybody that starts at once, as fast as it goes; its id."""
    from foundation.clock import now_ms
    from foundation.identifiers import new_broadcast_id
    from notifications.broadcasts import acceptance
    from notifications.broadcasts.request import BroadcastRequest, SegmentTarget
    from notifications.credentials import TokenFacts

    request = BroadcastRequest(
        type=f"{TYPE}_personal" if personal else TYPE,
        target=SegmentTarget("segment", SEGMENT),
        data={"title": "New Feature: Dark Mode!", "body": "Try our new dark mode in settings."},
        channels=channels,  # type: ignore[arg-type]
    )
    bench = TokenFacts(id="1", kind="admin", scopes=frozenset({"broadcast"}))
    return acceptance.propose(request, bench, id=new_broadcast_id(), by="bench", now=now_ms()).pk


def folder() -> Path:
    """The state folder of this process."""
    return Path(os.environ["VAR"])
