"""Given for the tests of the inbox: what is delivered, a user's own app, what his sockets hear, what the log got."""

from __future__ import annotations

import time
from typing import Any

import msgspec
from django.test import Client

from notifications import announce, unread
from notifications.credentials import make_user_token
from notifications.log import get_log
from notifications.records import Report, Reports, decode
from notifications.store import get_store
from notifications.topology import DELIVERY
from tests.notifications.store.rows import inbox_row


def deliver(user: str, count: int = 1, **fields: Any) -> list[str]:
    """Ids of notifications now in the inbox, the newest last."""
    rows = [inbox_row(user, **fields) for _ in range(count)]
    get_store().add_inbox(rows)
    unread.add([(row.user, row.id) for row in rows])
    return [row.id for row in rows]


class App:
    """The user's own app with his token."""

    def __init__(self, user: str) -> None:
        self.user = user
        self.headers = {"Authorization": f"Bearer {make_user_token(user)}"}
        self._client = Client()

    def path(self, rest: str = "", *, of: str | None = None) -> str:
        return f"/api/v1/users/{of or self.user}/notifications{rest}"

    def get(self, of: str | None = None, **query: Any) -> Any:
        return self._client.get(self.path(of=of), query, headers=self.headers)

    def post(self, rest: str, of: str | None = None) -> Any:
        return self._client.post(self.path(rest, of=of), headers=self.headers)

    def ids(self, **query: Any) -> list[str]:
        return [entry["id"] for entry in self.get(**query).json()["notifications"]]

    def counts(self) -> tuple[int, int]:
        page = self.get().json()
        return page["unread_count"], page["unseen_count"]


class Ear:
    """An open socket's end of Redis: the frames that reach it."""

    def __init__(self, redis: Any, user: str) -> None:
        self._mail = redis.pubsub(ignore_subscribe_messages=True)
        self._mail.subscribe(announce.house_channel("test"))
        while not redis.pubsub_numsub(announce.house_channel("test"))[0][1]:
            time.sleep(0.001)
        redis.set(announce.presence_key(user), f"test:{int(time.time()) + 60}")

    def frames(self, count: int) -> list[dict[str, Any]]:
        heard: list[dict[str, Any]] = []
        until = time.monotonic() + 5
        while len(heard) < count and time.monotonic() < until:
            message = self._mail.get_message(timeout=1)
            if message:
                heard += [msgspec.json.decode(letter.text) for letter in announce.read_letters(message["data"])]
        self._mail.close()
        return heard


def reported() -> list[Report]:
    """Everything on the delivery topic."""
    log = get_log()
    records = (r for p, end in log.end_offsets(DELIVERY).items() for r in log.read(DELIVERY, p, 0, end))
    return [report for record in records for report in decode(Reports, record.value).reports]
