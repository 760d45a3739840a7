"""A crowd of users and a sender that never gives up: what the chaos tests put on the platform."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from tests.running import Platform

CHANNELS = (["in_app", "push"], ["in_app"], ["email"], ["in_app", "push", "email"], ["push"])


def make_crowd(platform: Platform, count: int) -> list[str]:
    """Registers `count` users who can be reached on every channel; their ids."""
    users = [f"crowd_{number}" for number in range(count)]
    with platform.client("ADMIN_TOKEN") as client, ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda user: _register(client, user), users))
    return users


def _register(client: httpx.Client, user: str) -> None:
    number = int(user.removeprefix("crowd_"))
    body = {"email": f"{user}@example.com", "phone": f"+4915112{number:06d}", "locale": "en-US", "time_zone": "UTC"}
    client.put(f"/users/{user}", json=body).raise_for_status()
    device = {"token": f"{number:064x}", "platform": "apns" if number % 2 else "fcm"}
    answer = client.put(f"/users/{user}/devices", json=device)
    assert answer.is_success, answer.text


class Sender(threading.Thread):
    """Posts `total` events at about `rate` a second; a batch that wasn't answered goes again with its key."""

    def __init__(
        self,
        platform: Platform,
        users: list[str],
        *,
        total: int,
        batch: int = 200,
        rate: int = 1000,
        name: str = "kills",
    ) -> None:
        super().__init__(daemon=True, name=name)
        self.platform, self.users = platform, users
        self.total, self.batch, self.rate = total, batch, rate
        self.accepted: list[str] = []
        self.tries = 0
        self.error: BaseException | None = None
        self.progress = threading.Condition()

    def run(self) -> None:
        try:
            with self.platform.client("SERVICE_TOKEN") as client:
                started = time.monotonic()
                for number in range(self.total // self.batch):
                    self._send(client, number)
                    ahead = started + (number + 1) * self.batch / self.rate - time.monotonic()
                    if ahead > 0:
                        time.sleep(ahead)
        except BaseException as error:
            self.error = error
            raise
        finally:
            with self.progress:
                self.progress.notify_all()

    def wait_until(self, accepted: int) -> None:
        """Until `accepted` events were accepted, or the sender has ended."""
        with self.progress:
            self.progress.wait_for(lambda: len(self.accepted) >= accepted or not self.is_alive(), 120)

    def finish(self) -> list[str]:
        """Waits for the last answer; the ids that were answered with 202."""
        self.join(180)
        assert not self.is_alive(), "the sender is still at it"
        assert self.error is None, self.error
        return self.accepted

    def _send(self, client: httpx.Client, number: int) -> None:
        events = [self._event(number * self.batch + place) for place in range(self.batch)]
        key = {"Idempotency-Key": f"{self.name}-{number}"}
        answer = self._until_taken(client, {"notifications": events}, key)
        results = answer["results"]
        assert all(result["status"] == "accepted" for result in results), results[:3]
        with self.progress:
            self.accepted += [result["notification_id"] for result in results]
            self.progress.notify_all()

    def _until_taken(self, client: httpx.Client, body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
        end = time.monotonic() + 60
        while True:
            self.tries += 1
            try:
                response = client.post("/notifications/batch", json=body, headers=headers)
                if response.status_code == 202:
                    return dict(response.json())
                # Away, or the same key still in flight (the answer to it was lost): again, as its clients would.
                assert response.status_code in (409, 429, 503), response.text
            except httpx.TransportError as error:
                if time.monotonic() > end:
                    raise AssertionError("web didn't come back") from error
            assert time.monotonic() < end, "nothing was taken for 60 s"
            time.sleep(0.2)

    def _event(self, serial: int) -> dict[str, Any]:
        return {
            "type": "order_shipped",
            "target": {"type": "user", "user_id": self.users[serial % len(self.users)]},
            "data": {"order_id": f"ord_{serial}", "tracking_number": f"TR{serial}", "carrier": "FedEx"},
            "channels": CHANNELS[serial % len(CHANNELS)],
        }
