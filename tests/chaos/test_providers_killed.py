"""`kill -9` of a worker in the middle of a batch with every provider: what was under way is in doubt, and goes by its
priority's rule (contract §5): high again, normal parked, nothing lost.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest

from foundation.identifiers import send_id
from tests.chaos.conftest import NO_LIMITS
from tests.chaos.settling import settled
from tests.running import Platform, until

pytestmark = pytest.mark.chaos

# All providers are to be at it at once, on a busy machine too: none answers before a worker, which waits longer than
# usual, has given it up. Given up or killed, it is in doubt.
SLOW_S, PATIENT = 12.0, {"PROVIDER_TIMEOUT_S": "8"}
PEOPLE, WITHIN_S = 4, 90
KIND = "payment_failed"
DATA = {
    "order_id": "ord_abc123",
    "amount": 58.9,
    "currency": "EUR",
    "card_last4": "4242",
    "retry_until": "2027-02-26",
}
PUSH_SMS = {"apns": "push", "fcm": "push", "webpush": "push", "twilio": "sms"}

PLATFORMS = {"apns": "apns", "fcm": "fcm", "webpush": "web"}


class Reached(NamedTuple):
    """A person's address at each provider."""

    user: str
    addresses: dict[str, str]


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    running = Platform({**NO_LIMITS, **PATIENT, "PROVIDERS": "simulators"}).start()
    running.environment |= settings_of(running)
    yield running
    running.stop()


def settings_of(platform: Platform) -> dict[str, str]:
    lines = (platform.var / "simulators" / "platform.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


@pytest.fixture(scope="module")
def desk(platform: Platform) -> Iterator[httpx.Client]:
    """The simulators; a receipt would end a doubt, so none is posted."""
    with httpx.Client(base_url=platform.environment["SIMULATORS_URL"], timeout=10) as client:
        for name in ("ses", "twilio"):
            client.post(f"/receipts/{name}", json={"posts_receipts": False}).raise_for_status()
        yield client


@pytest.fixture(scope="module")
def people(platform: Platform, desk: httpx.Client) -> list[Reached]:
    found = []
    with platform.client("ADMIN_TOKEN") as api:
        for number in range(PEOPLE):
            addresses = {
                "apns": f"{number + 1:064x}",
                "fcm": f"fcm-killed-{number}",
                "webpush": desk.post("/browsers", json={"name": f"killed-{number}"}).raise_for_status().json()["token"],
                "email": f"killed{number}@example.com",
                "twilio": f"+1202555016{number}",
            }
            user = f"killed_{number}"
            body = {"email": addresses["email"], "phone": addresses["twilio"], "locale": "en-US", "time_zone": "UTC"}
            api.put(f"/users/{user}", json=body).raise_for_status()
            for name, device_of in PLATFORMS.items():
                device = {"token": addresses[name], "platform": device_of}
                api.put(f"/users/{user}/devices", json=device).raise_for_status()
            choice = {"type": KIND, "channel": "sms", "enabled": True}
            api.put(f"/users/{user}/preferences", json={"preferences": [choice]}).raise_for_status()
            found.append(Reached(user, addresses))
    return found


@pytest.mark.parametrize("email", ["ses", "smtp"])
def test_killed_with_every_provider_in_the_middle_of_a_batch(
    platform: Platform, desk: httpx.Client, people: list[Reached], email: str
) -> None:
    mails_by(platform, email)
    channels = {**PUSH_SMS, email: "email"}
    warm = send(platform, people, "high")["high"]
    until(
        lambda: all(taken(desk, channels, people, warm, name) for name in channels), WITHIN_S, "a worker that is warm"
    )
    for name in channels:
        desk.post(f"/orders/{name}", json={"latency_s": SLOW_S}).raise_for_status()

    sent = send(platform, people, "high", "normal")
    until(lambda: all(begun(desk, name, channels, people, sent) for name in channels), WITHIN_S, "all have some")
    platform.signal("worker-delivery")
    for name in channels:
        desk.post(f"/orders/{name}", json={"lift": {}}).raise_for_status()

    settled(platform, WITHIN_S)
    for name, channel in channels.items():
        again = taken(desk, channels, people, sent["high"], name)
        assert set(again.values()) <= {1, 2}
        assert len(again) == PEOPLE, f"{name}: what is high arrives"
        assert name == "smtp" or 2 in again.values(), f"{name}: what was under way and is high goes out again"
        once = taken(desk, channels, people, sent["normal"], name)
        assert set(once.values()) <= {1}, f"{name}: what is normal never goes out twice"
        words = Counter(status(platform, id, channel) for id in sent["normal"].values())
        assert set(words) <= {"parked", "sent"}, f"{name}: {words}"
    parked = {channel for id in sent["normal"].values() for channel in doubts(platform, id)}
    assert parked >= {"push", "email", "sms"}


def mails_by(platform: Platform, account: str) -> None:
    """Makes `account` the first one of its channel; workers read the file anew when it changes."""
    file = platform.var / "simulators" / "accounts.toml"
    place = {"ses": 0, "smtp": 0, account: -1}
    text = file.read_text()
    for name, order in place.items():
        text = re.sub(rf'(name = "{name}"\n(?:.+\n)*?order = )-?\d+', rf"\g<1>{order}", text)
    draft = file.with_suffix(".draft")
    draft.write_text(text)
    os.replace(draft, file)  # noqa: PTH105


def send(platform: Platform, people: list[Reached], *priorities: str) -> dict[str, dict[str, str]]:
    """One notification of each priority to each on push, email and SMS; its id by priority and user."""
    events = [
        {
            "type": KIND,
            "target": {"type": "user", "user_id": person.user},
            "data": DATA,
            "priority": priority,
            "channels": ["push", "email", "sms"],
        }
        for priority in priorities
        for person in people
    ]
    with platform.client("ADMIN_TOKEN") as api:
        results = api.post("/notifications/batch", json={"notifications": events}).raise_for_status().json()["results"]
    ids = iter(told["notification_id"] for told in results)
    return {priority: {person.user: next(ids) for person in people} for priority in priorities}


def taken(
    desk: httpx.Client, channels: dict[str, str], people: list[Reached], sent: dict[str, str], name: str
) -> dict[str, int]:
    """How often the provider took the send of each of these notifications, for those it took at all."""
    channel = channels[name]
    wanted = {
        send_id(sent[person.user], channel, person.addresses["email" if channel == "email" else name])
        for person in people
    }
    found = Counter(each["send_id"] for each in desk.get(f"/received/{name}").json()["received"])
    return {send: count for send, count in found.items() if send in wanted}


def begun(
    desk: httpx.Client, name: str, channels: dict[str, str], people: list[Reached], sent: dict[str, dict[str, str]]
) -> bool:
    """Whether the provider has begun; a mail server takes one after the other, the others take both priorities."""
    has = [bool(taken(desk, channels, people, each, name)) for each in sent.values()]
    return any(has) if name == "smtp" else all(has)


def status(platform: Platform, id: str, channel: str) -> str:
    return str(told(platform, id)["channels"][channel]["status"])


def doubts(platform: Platform, id: str) -> set[str]:
    """The channels on which it was parked as in doubt."""
    found = told(platform, id)["timeline"]
    doubtful = [each for each in found if "in_doubt" in (each["status"], each.get("reason"), each.get("error"))]
    return {each["channel"] for each in doubtful}


def told(platform: Platform, id: str) -> dict[str, Any]:
    with platform.client("ADMIN_TOKEN") as api:
        return dict(api.get(f"/notifications/{id}").raise_for_status().json())
