"""The crowd: thousands of users made once, and a generator that sends to them through the API as a service would.

It runs as a process of its own (`manage.py crowd`), so that it outlives a killed web: what wasn't answered is posted
again under the same Idempotency-Key, and nothing is accepted twice. Its progress stands in VAR/crowd.json.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import msgspec
from django.db import transaction

from demo.company.people import apns_token
from demo.page.latest import CROWD_PREFIX
from foundation.clock import now_ms
from preferences.contact_points import device_id_of
from preferences.models import Device, User

USERS = 4_000
BATCH = 200
GIVE_UP_S = 60.0
NAP_S = 0.3
# Of twenty events: channels as in a usual day, 75 % in-app, 40 % push, 15 % email.
MIX: tuple[tuple[str, tuple[str, ...]], ...] = (
    *((("order_shipped", ("in_app",)),) * 6),
    *((("new_follower", ("in_app",)),) * 4),
    *((("new_follower", ("in_app", "push")),) * 2),
    *((("order_shipped", ("in_app", "push", "email")),) * 2),
    *((("order_delayed", ("push",)),) * 4),
    ("order_confirmed", ("email",)),
    ("platform_announcement", ("in_app",)),
)


class Progress(msgspec.Struct, kw_only=True):
    """How far a run is. `accepted` and `refused` count events; times in ms."""

    total: int
    accepted: int = 0
    refused: int = 0
    posted_again: int = 0
    pid: int = 0
    started_at: int
    at: int
    done: bool = False
    trouble: str = ""


def make_crowd(count: int = USERS) -> None:
    """Registers the crowd: a mail address and a phone each, half of them Apple's. Those that are there stay."""
    if User.objects.filter(user_id__startswith=CROWD_PREFIX).count() >= count:
        return
    with transaction.atomic():
        User.objects.bulk_create(
            [
                User(user_id=_user_id(number), email=f"{_user_id(number)}@example.com", locale="en-US")
                for number in range(count)
            ],
            ignore_conflicts=True,
        )
        rows = User.objects.filter(user_id__startswith=CROWD_PREFIX).values_list("pk", "user_id")
        Device.objects.bulk_create([_device(pk, user_id) for pk, user_id in rows], ignore_conflicts=True)


def _user_id(number: int) -> str:
    return f"{CROWD_PREFIX}{number:05d}"


def _device(pk: int, user_id: str) -> Device:
    platform = "apns" if pk % 2 else "fcm"
    token = apns_token(user_id) if platform == "apns" else f"fcm-{user_id}"
    return Device(user_id=pk, device_id=device_id_of(token), token=token, platform=platform, name="Phone")


def bodies(count: int, examples: dict[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """`count` events over the crowd, each user the same number; `examples` is the data of each type."""
    for number in range(count):
        kind, channels = MIX[(number * 7) % len(MIX)]
        target = {"type": "user", "user_id": _user_id(number % USERS)}
        yield {"type": kind, "target": target, "data": examples[kind], "channels": list(channels)}


class Generator:
    """Posts `count` events in batches, `rate` a second, to `api` with a service's `token`."""

    def __init__(self, *, api: str, token: str, path: Path, count: int, rate: int) -> None:
        self._client = httpx.Client(base_url=api, headers={"Authorization": f"Bearer {token}"}, timeout=15)
        self._path = path
        self._rate = rate
        self.progress = Progress(total=count, pid=os.getpid(), started_at=now_ms(), at=now_ms())

    def run(self, examples: dict[str, dict[str, Any]]) -> Progress:
        """Until everything is answered, or nothing was for GIVE_UP_S."""
        everything = list(bodies(self.progress.total, examples))
        waiting = deque((uuid4().hex, everything[at : at + BATCH]) for at in range(0, len(everything), BATCH))
        started = heard = time.monotonic()
        self._write()
        while waiting and time.monotonic() - heard < GIVE_UP_S:
            key, batch = waiting.popleft()
            if self._post(key, batch):
                heard = time.monotonic()
                self._pace(started)
            else:
                waiting.append((key, batch))
                time.sleep(NAP_S)
            self._write()
        self.progress.done = True
        self._write()
        return self.progress

    def _post(self, key: str, batch: list[dict[str, Any]]) -> bool:
        """Whether it was answered for good."""
        try:
            answer = self._client.post(
                "/notifications/batch", json={"notifications": batch}, headers={"Idempotency-Key": key}
            )
        except httpx.HTTPError as error:
            self.progress.trouble = f"web doesn't answer ({type(error).__name__})"
            self.progress.posted_again += 1
            return False
        if answer.status_code == httpx.codes.CONFLICT:
            self.progress.trouble = "waits for the key of a call that died with web"
            return False
        if answer.status_code != httpx.codes.ACCEPTED:
            self.progress.trouble = f"answered {answer.status_code}"
            return False
        told = answer.json()
        self.progress.accepted += told["accepted"]
        self.progress.refused += told["refused"]
        self.progress.trouble = ""
        return True

    def _pace(self, started: float) -> None:
        answered = self.progress.accepted + self.progress.refused
        time.sleep(max(0.0, started + answered / self._rate - time.monotonic()))

    def _write(self) -> None:
        self.progress.at = now_ms()
        draft = self._path.with_suffix(".draft")
        draft.write_bytes(msgspec.json.encode(self.progress))
        draft.replace(self._path)


def progress(path: Path) -> Progress | None:
    """The last run's progress; None before the first. One whose process is gone is done."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Progress)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    if not found.done and not _alive(found.pid):
        found.done, found.trouble = True, found.trouble or "the generator was ended"
    return found


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
