"""`PROVIDERS=simulators make demo`: the unmodified adapters talk to simulators, whose receipts move the status."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.running import Platform, until

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
SOON_S, SOON_MS = 60, 60_000  # a machine that is busy starts workers slowly
ONE_EACH = {"apns": 1, "fcm": 1, "webpush": 0, "ses": 1, "smtp": 0, "twilio": 1}

pytestmark = pytest.mark.platform


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    running = Platform({"PROVIDERS": "simulators"}).start()
    yield running
    running.stop()


@pytest.fixture
def desk(platform: Platform) -> Iterator[httpx.Client]:
    """The simulators' control endpoint, everything taken back."""
    lines = (platform.var / "simulators" / "platform.env").read_text().splitlines()
    url = dict(line.split("=", 1) for line in lines)["SIMULATORS_URL"]
    with httpx.Client(base_url=url, timeout=10) as client:
        client.post("/calm", json={}).raise_for_status()
        yield client


def example(platform: Platform, kind: str) -> dict[str, Any]:
    choices = httpx.get(f"http://localhost:{platform.port}/demo/choices").json()
    return dict(next(each["example"] for each in choices["types"] if each["name"] == kind))


def send(platform: Platform, kind: str, user: str = "usr_42") -> str:
    body = {"type": kind, "target": {"type": "user", "user_id": user}, "data": example(platform, kind)}
    with platform.client("ADMIN_TOKEN") as api:
        return str(api.post("/notifications", json=body).raise_for_status().json()["notification_id"])


def statuses(platform: Platform, id: str) -> dict[str, str]:
    with platform.client("ADMIN_TOKEN") as api:
        channels = api.get(f"/notifications/{id}").raise_for_status().json()["channels"]
    return {name: told["status"] for name, told in channels.items()}


def received(desk: httpx.Client, id: str) -> dict[str, int]:
    """How many messages of this notification each provider took."""
    return {
        name: sum(each["notification_id"] == id for each in desk.get(f"/received/{name}").json()["received"])
        for name in ONE_EACH
    }


def test_what_the_simulators_write_is_their_owners_alone(platform: Platform) -> None:
    folder = platform.var / "simulators"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    secret = [file for file in folder.iterdir() if file.suffix in (".p8", ".txt", ".json", ".toml", ".env")]
    assert len(secret) > 5
    assert {stat.S_IMODE(file.stat().st_mode) for file in secret} == {0o600}


def test_one_goes_out_on_every_channel_once_and_receipts_move_its_status(
    platform: Platform, desk: httpx.Client
) -> None:
    id = send(platform, "payment_failed")

    arrived = {"in_app": "sent", "push": "sent", "email": "delivered", "sms": "delivered"}
    until(lambda: statuses(platform, id) == arrived, SOON_S, "receipts of email and SMS")
    assert received(desk, id) == ONE_EACH

    # In-app becomes "delivered" by a socket's word. Apple and Google tell nobody what became of a push; the app does
    # when it is opened.
    with platform.client("ADMIN_TOKEN") as api:
        api.post(f"/users/usr_42/notifications/{id}/opened", params={"via": "push"}).raise_for_status()
    until(lambda: statuses(platform, id)["push"] == "opened", SOON_S, "the app's word")


def test_receipts_twice_and_out_of_order_come_to_the_same(platform: Platform, desk: httpx.Client) -> None:
    for name in ("ses", "twilio"):
        desk.post(f"/receipts/{name}", json={"copies": 2, "shuffles": True}).raise_for_status()
    before = posted(desk)
    id = send(platform, "payment_failed")
    until(lambda: posted(desk) == {name: count + 4 for name, count in before.items()}, SOON_S, "all receipts")
    until(lambda: statuses(platform, id)["email"] == statuses(platform, id)["sms"] == "delivered", SOON_S, "the status")
    assert received(desk, id) == ONE_EACH


def posted(desk: httpx.Client) -> dict[str, int]:
    told = desk.get("/state").json()["providers"]
    return {each["name"]: each["posted"] for each in told if "posted" in each}


def test_a_browser_gets_its_push_and_the_page_shows_it(platform: Platform, desk: httpx.Client) -> None:
    device = desk.post("/browsers", json={"name": "anna-laptop"}).raise_for_status().json()
    with platform.client("ADMIN_TOKEN") as api:
        api.put("/users/usr_browser", json={"locale": "en-US", "time_zone": "UTC"}).raise_for_status()
        api.put("/users/usr_browser/devices", json=device).raise_for_status()

    id = send(platform, "payment_failed", "usr_browser")

    until(lambda: statuses(platform, id).get("push") == "sent", SOON_S, "its push service took it")
    assert received(desk, id) == dict.fromkeys(ONE_EACH, 0) | {"webpush": 1}
    outbox = httpx.get(f"http://localhost:{platform.port}/demo/outbox", params={"user": "usr_browser"}).json()
    (card,) = outbox["messages"]
    assert (card["provider"], card["notification_id"], card["received"]) == ("webpush", id, 1)
    assert card["title"]


def test_the_simulators_killed_come_back_as_the_same_providers(platform: Platform, desk: httpx.Client) -> None:
    before = platform.pids()["simulators"]
    platform.signal("simulators")
    until(lambda: platform.pids().get("simulators") not in (None, before), SOON_S, "they are back")
    until(lambda: is_there(desk), SOON_S, "they answer")
    id = send(platform, "payment_failed")
    until(lambda: statuses(platform, id).get("sms") == "delivered", 2 * SOON_S, "it goes on")


def is_there(desk: httpx.Client) -> bool:
    try:
        return desk.get("/state").status_code == 200
    except httpx.HTTPError:
        return False


@pytest.mark.browser
def test_the_page_shows_what_they_took_and_its_switches_are_theirs(platform: Platform, desk: httpx.Client) -> None:
    if not CHROMIUM:
        assert not os.environ.get("CI"), "the browser test needs chromium: apt install chromium"
        pytest.skip("no chromium: apt install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"http://localhost:{platform.port}/")
        page.wait_for_selector("#link-state[data-state=live]", timeout=SOON_MS)
        page.select_option("#type", "payment_failed")
        page.select_option("#user", "usr_42")
        page.click("#send-now")
        for channel in ("email", "sms"):
            page.wait_for_selector(f".lane.{channel}[data-status=delivered]", timeout=SOON_MS)
        for place in ("#pushes .push-card", "#texts .bubble", "#letter iframe"):
            page.wait_for_selector(place, timeout=SOON_MS)
        assert "simulators" in page.inner_text("#h-outbox")
        page.check("#fails-ses", force=True)
        until(lambda: mode(desk, "ses") == "transient", SOON_S, "the simulator's fault")
        page.wait_for_selector("[data-provider=ses].failing", timeout=SOON_MS)
        if "SCREENSHOTS" in os.environ:
            page.screenshot(path=f"{os.environ['SCREENSHOTS']}/demo.png", full_page=True)
        page.uncheck("#fails-ses", force=True)
        until(lambda: mode(desk, "ses") == "ok", SOON_S, "it works again")

        page.goto(str(desk.base_url))
        page.wait_for_selector("[data-provider=twilio] li", timeout=SOON_MS)
        page.click("[data-provider=apns] button.down")
        page.wait_for_selector("[data-provider=apns].failing", timeout=SOON_MS)
        if "SCREENSHOTS" in os.environ:
            page.screenshot(path=f"{os.environ['SCREENSHOTS']}/desk.png", full_page=True)
        browser.close()


def mode(desk: httpx.Client, name: str) -> str:
    return str(next(each["mode"] for each in desk.get("/state").json()["providers"] if each["name"] == name))
