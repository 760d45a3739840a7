"""Whatever happens in whatever order: everything accepted ends, once, and every count agrees (contract §5).

A drawn sequence of sends, faults and operators' acts; the seed is in the test's name, so a failure can be had again.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable
from typing import Any

import pytest

from delivery import dead_letters
from delivery.bridge import Bridge
from delivery.models import QuarantinedRecord
from delivery.providers.sandbox import switches
from delivery.providers.sandbox.models import OutboxMessage
from foundation.clock import now_ms, to_rfc3339
from foundation.errors import Conflict, Unavailable
from foundation.redis import key
from notifications import cancelling, reports
from notifications.log import get_log
from notifications.log.port import Message
from notifications.records import HEADER_REPEAT, Receipt
from notifications.sending import SendRequest, Target
from notifications.status import is_final
from notifications.store import get_store
from notifications.topology import CHANNELS, DELIVERY, DLQ, TOPICS
from preferences.models import Device, PreferenceRow, User
from tests.channels_app.inbox_calls import App
from tests.pipeline import OPTIONS, SENDER, Pipeline
from tests.whole.conftest import make_type, make_user
from tests.whole.looking import assert_accounted_for, channels, forget_breakers, inbox, later, waiting

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

STEPS = 30
QUICK = dataclasses.replace(OPTIONS, deadline_ms=1_500, margin_ms=100)
ADDRESSES = ("ok", "transient", "permanent", "invalid", "fails-1-times", "fails-3-times", "timeout-after-accept")
PRIORITY = {"code": "critical", "order_shipped": "high", "liked": "normal", "offer": "low"}


class Story:
    """One drawn sequence. `ids` are the notifications accepted so far, by user."""

    def __init__(self, pipeline: Pipeline, redis: Any, seed: int) -> None:
        self.pipeline, self.redis, self.draw = pipeline, redis, random.Random(seed)
        self.ids: dict[str, str] = {}
        self.users = [f"usr_{name}" for name in ADDRESSES]
        for name, priority in PRIORITY.items():
            make_type(name, channels=list(CHANNELS), priority=priority, category=f"{name}s")
        for name in ADDRESSES:
            user = make_user(f"usr_{name}", token=f"{name}-token", email=f"{name}@example.com")
            Device.objects.create(user=user, token=f"second ok token of {name}", platform="fcm")

    def acts(self) -> list[Callable[[], None]]:
        often = [self.send, self.send, self.turn, self.turn, self.later]
        return [
            *often,
            self.flush,
            self.lose_words,
            self.repeat,
            self.cancel,
            self.replay,
            self.switch,
            self.receipt,
            self.opt,
        ]

    def send(self) -> None:
        users = self.draw.choices(self.users, k=self.draw.randint(1, 8))
        soon = to_rfc3339(now_ms() + 3_600_000)
        requests = [
            SendRequest(
                type=self.draw.choice(list(PRIORITY)),
                target=Target("user", user),
                data={"order": f"A{len(self.ids)}"},
                schedule_at=soon if self.draw.random() < 0.15 else None,
                channels=self.draw.choice([None, None, ["push"], ["in_app", "email"]]),
            )
            for user in users
        ]
        self.ids.update(zip(self.pipeline.send_many(requests), users, strict=True))

    def turn(self) -> None:
        for _ in range(self.draw.randint(1, 12)):
            self.pipeline.bridge.turn()

    def later(self) -> None:
        later(self.pipeline)

    def flush(self) -> None:
        self.redis.flushdb()

    def lose_words(self) -> None:
        bridge = self.pipeline.bridge
        heard, bridge.reply = bridge.reply, key("words", "lost")
        bridge.turn()
        bridge.reply = heard

    def crash(self) -> None:
        """The bridge is killed; another comes up under its name, and waits until what was under way can't run."""
        self.pipeline.bridge = Bridge(get_log(), TOPICS, "test", QUICK)

    def repeat(self) -> None:
        """A record comes a second time, marked, as after a partition changed hands."""
        topic = self.draw.choice([name for name in TOPICS if name not in (DELIVERY, DLQ)])
        log = get_log()
        records = [r for p, end in log.end_offsets(topic).items() for r in log.read(topic, p, 0, end)]
        for record in self.draw.sample(records, min(3, len(records))):
            log.produce([Message(topic, record.key, record.value, {HEADER_REPEAT: "1"})])

    def cancel(self) -> None:
        if self.ids:
            try:
                cancelling.cancel(self.draw.choice(list(self.ids)), SENDER)
            except (Conflict, Unavailable):
                return

    def replay(self) -> None:
        """Not what is in doubt: to send that again is the operator's risk."""
        letters = dead_letters.find().exclude(reason="in_doubt").exclude(error="ambiguous")
        self.draw.choice([dead_letters.replay, dead_letters.replay, dead_letters.drop])(letters)

    def switch(self) -> None:
        switches.set_mode(self.draw.choice(["apns", "fcm", "ses"]), self.draw.choice(["ok", "down", "rate_limited"]))
        forget_breakers(self.pipeline)

    def receipt(self) -> None:
        status = self.draw.choice(["delivered", "opened", "bounced"])
        for message in OutboxMessage.objects.order_by("?")[:3]:
            told = Receipt(
                id=message.notification_id,
                user=message.user,
                channel=message.channel,
                status=status,
                send=message.send_id,
                at=now_ms(),
            )
            reports.produce([told, told])

    def opt(self) -> None:
        user = User.objects.get(user_id=self.draw.choice(self.users))
        channel = self.draw.choice(["push", "email"])
        on = self.draw.random() < 0.5
        PreferenceRow.objects.update_or_create(user=user, scope="*", channel=channel, defaults={"enabled": on})

    def end(self) -> None:
        """Everything is well again, and all the time there is passes (critical ones would be tried for ever)."""
        for provider in ("apns", "fcm", "ses", "twilio"):
            switches.set_mode(provider, "ok")
        forget_breakers(self.pipeline)
        self.pipeline.run(60)
        for _ in range(8):
            if not waiting():
                break
            later(self.pipeline)


@pytest.fixture
def quick_handover(settings) -> None:
    settings.LOG_OPTIONS = settings.LOG_OPTIONS | {"handover_s": (QUICK.deadline_ms + QUICK.margin_ms) / 1_000}


@pytest.mark.parametrize("seed", range(3))
def test_everything_ends_once(quick_handover: None, pipeline: Pipeline, redis: Any, seed: int, settings, monkeypatch):
    monkeypatch.setattr(cancelling, "ROUTING_WAIT_S", 0)
    settings.PER_USER_LIMITS = {name: (10_000, 3600) for name in settings.PER_USER_LIMITS}
    pipeline.bridge.options = QUICK
    story = Story(pipeline, redis, seed)
    for _ in range(STEPS):
        story.draw.choice(story.acts())()
    story.end()

    assert_accounted_for()
    assert QuarantinedRecord.objects.count() == 0
    ended = {id: channels(id) for id in story.ids}
    still_tried = {row.notification_id for row in waiting()}
    unfinished = {
        (id, channel, status)
        for id, its in ended.items()
        for channel, (status, _) in its.items()
        if id not in still_tried and not is_final(status)
    }
    assert unfinished == set()
    for user in story.users:
        shown = inbox(user)
        assert len(shown) == len(set(shown))
        due = {
            id for id, its in story.ids.items() if its == user and ended[id].get("in_app", ("",))[0] in ("sent", "read")
        }
        assert set(shown) == due
        assert App(user).counts() == (len(shown), len(shown))
    redis.flushdb()
    for user in story.users:
        assert App(user).counts()[0] == len(get_store().unread_ids([user])[user].unread)
