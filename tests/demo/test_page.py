"""The demo page in a real browser, on a running platform: what one sees is what happened."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.running import Platform, until

pytestmark = [pytest.mark.platform, pytest.mark.browser]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
CHANNELS = ("in_app", "push", "email", "sms")
SOON, WHILE_KILLED = 30_000, 60_000  # a machine that is busy starts workers slowly


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    if not CHROMIUM:
        assert not os.environ.get("CI"), "the browser test needs chromium: apt install chromium"
        pytest.skip("no chromium: apt install chromium")
    running = Platform().start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def browser(platform: Platform) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def page(platform: Platform, browser: Any) -> Iterator[Any]:
    """The page on a desktop; an error of its own scripts fails the test."""
    opened = browser.new_page(viewport=DESKTOP)
    broken: list[str] = []
    opened.on("pageerror", lambda error: broken.append(str(error)))
    open_page(opened, platform)
    yield opened
    opened.close()
    assert not broken


def open_page(page: Any, platform: Platform) -> None:
    page.goto(f"http://localhost:{platform.port}/")
    page.wait_for_selector("#link-state[data-state=live]", timeout=SOON)


def send(page: Any, kind: str, user: str = "usr_42") -> None:
    page.select_option("#type", kind)
    page.select_option("#user", user)
    page.click("#send-now")


def sent_now(page: Any, kind: str) -> None:
    """Sends, and waits until web has taken it."""
    address = page.url
    send(page, kind)
    page.wait_for_function("before => location.href !== before", arg=address, timeout=SOON)


def lit(page: Any, channel: str) -> int:
    return page.locator(f".lane.{channel} .node.lit").count()


def figure(page: Any, name: str) -> int:
    return int(page.inner_text(f"[data-figure={name}]").replace(",", ""))


def test_what_is_sent_lights_up_and_arrives_everywhere(page: Any) -> None:
    send(page, "payment_failed")
    page.wait_for_selector("#told b", timeout=SOON)
    assert "delivered in" in page.inner_text("#told")
    until(lambda: all(lit(page, channel) == 3 for channel in CHANNELS), 10, "all stages lit")
    assert page.locator("#trunk .node.lit").count() == 4
    page.wait_for_selector("notification-inbox li", timeout=SOON)
    assert "Your payment didn’t go through" in page.inner_text("notification-inbox li >> nth=0")
    page.wait_for_selector("#pushes .push-card", timeout=SOON)
    page.wait_for_selector("#texts .bubble", timeout=SOON)
    assert "Action needed" in page.inner_text("#letter header")
    assert "Your payment didn’t go through" in page.frame_locator("#letter iframe").locator("h1").inner_text()


def test_what_the_api_sent_is_followed_too(page: Any, platform: Platform) -> None:
    body = {
        "type": "order_shipped",
        "target": {"type": "user", "user_id": platform.demo["USER_ID"]},
        "data": {"order_id": "ord_abc123", "tracking_number": "TR12345", "carrier": "FedEx"},
    }
    with platform.client() as client:
        id = client.post("/notifications", json=body).json()["notification_id"]
    page.wait_for_selector(f'#latest [data-id="{id}"]', timeout=SOON)
    page.click(f'#latest [data-id="{id}"]')
    until(lambda: all(lit(page, channel) == 3 for channel in ("in_app", "push", "email")), 10, "all stages lit")
    assert id in page.inner_text("#way-head")


def test_while_one_chooses_it_says_what_will_happen_and_why(page: Any) -> None:
    page.select_option("#type", "order_shipped")
    page.select_option("#user", "usr_37")
    page.wait_for_selector(".verdict.push[data-verdict=drop]", timeout=SOON)
    told = page.inner_text(".verdict.push")
    assert "stays off" in told
    assert "preference order_updates/push" in told
    assert "Order #ABC123 is on its way" in page.inner_text(".verdict.in_app")


def test_a_failing_provider_is_seen_with_its_reason_and_the_next_try(page: Any) -> None:
    page.check("#fails-ses", force=True)
    page.wait_for_selector("[data-provider=ses].failing", timeout=SOON)
    try:
        page.wait_for_timeout(500)  # a worker looks at the switch every 0.2 s
        send(page, "order_shipped")
        page.wait_for_selector(".lane.email[data-status=failed] .due", timeout=SOON)
        assert "internal error" in page.inner_text(".lane.email .says")
        assert page.get_attribute(".lane.in_app", "data-bucket") == "delivered"
    finally:
        page.uncheck("#fails-ses", force=True)
    page.wait_for_selector(".lane.email[data-bucket=delivered]", timeout=WHILE_KILLED)


def test_a_drop_names_the_setting_behind_it(page: Any) -> None:
    send(page, "order_shipped", "usr_37")
    page.wait_for_selector(".lane.push[data-bucket=dropped]", timeout=SOON)
    said = page.inner_text(".lane.push .says")
    assert "preference order_updates/push" in said


def test_whatever_is_killed_the_page_lives_and_nothing_is_lost(page: Any, platform: Platform) -> None:
    before, accepted = platform.pids(), figure(page, "accepted")
    sent_now(page, "order_shipped")
    killed = ("worker-delivery", "bridge", "web")
    for name in killed[:2]:
        page.click(f"[data-process={name}] .kill")
    page.click("#wipe")
    page.click("[data-process=web] .kill")
    page.wait_for_selector("#link-state[data-state=away]", timeout=SOON)
    page.wait_for_selector("#link-state[data-state=live]", timeout=WHILE_KILLED)
    until(lambda: all(platform.pids().get(name) not in (None, before[name]) for name in killed), 30, "all are back")
    sent_now(page, "order_shipped")
    until(lambda: figure(page, "accepted") == accepted + 2, 30, "both are in the ledger")
    until(lambda: figure(page, "in_flight") == 0, 60, "everything has its outcome")
    assert figure(page, "unaccounted") == 0
    assert figure(page, "accepted") == sum(figure(page, name) for name in ("delivered", "dropped", "parked"))
    assert "back 1×" in page.inner_text("[data-process=web] .facts")


@pytest.mark.parametrize("tab", ["send", "phone", "way", "outbox", "break"])
def test_on_a_phone_nothing_scrolls_sideways(platform: Platform, browser: Any, tab: str) -> None:
    page = browser.new_page(viewport=PHONE)
    open_page(page, platform)
    page.click(f".tabs [data-to={tab}]")
    assert page.locator(f"[data-pane={tab}]").first.is_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.close()
