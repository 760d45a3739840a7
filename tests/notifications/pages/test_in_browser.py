"""The pages in a real browser without scripts: nothing sticks out on a phone, and a click does what it says."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from preferences import unsubscribing
from preferences.models import PreferenceRow, User
from templates_app.catalog import get_catalog
from templates_app.models import NotificationType
from tests.notifications.pages.conftest import TYPES

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
PICTURES = os.environ.get("PICTURES", "")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not CHROMIUM:
        assert not os.environ.get("CI"), "the browser test needs chromium: apt install chromium"
        pytest.skip("no chromium: apt install chromium")
    from playwright.sync_api import sync_playwright

    with pytest.MonkeyPatch.context() as patched, sync_playwright() as playwright:
        patched.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # the browser's loop runs in this thread
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def people(redis: object, browser: Any, transactional_db: None) -> Iterator[None]:
    NotificationType.objects.bulk_create([NotificationType(**row, version=1) for row in TYPES])
    get_catalog.cache_clear()
    for user, locale in (("usr_de", "de"), ("usr_ar", "ar")):
        User.objects.create(user_id=user, locale=locale)
    yield
    get_catalog.cache_clear()


def opened(browser: Any, address: str, viewport: dict[str, int], picture: str) -> Any:
    page = browser.new_context(viewport=viewport, java_script_enabled=False).new_page()
    page.goto(address)
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{picture}-{viewport['width']}.png", full_page=True)
    return page


def sticks_out(page: Any) -> bool:
    wide: bool = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return wide


@pytest.mark.parametrize("user", ["usr_de", "usr_ar"])
def test_preferences_fit_and_are_saved_without_a_script(user, browser, people, live_server):
    address = f"{live_server.url}/p/{unsubscribing.page_token(user)}"
    for viewport in (DESKTOP, PHONE):
        page = opened(browser, address, viewport, f"preferences-{user}")
        assert not sticks_out(page)
    page.locator('input[value="promotions/email"]').click()
    page.locator("form button").first.click()
    assert page.locator(".saved").count() == 1
    assert not page.locator('input[value="promotions/email"]').is_checked()
    assert PreferenceRow.objects.values_list("scope", "channel", "enabled").get() == ("promotions", "email", False)
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"saved-{user}.png", full_page=True)


def test_unsubscribing_and_taking_it_back(browser, people, live_server):
    address = f"{live_server.url}/u/{unsubscribing.token('usr_de', 'order_updates')}"
    for viewport in (DESKTOP, PHONE):
        page = opened(browser, address, viewport, "unsubscribe")
        assert not sticks_out(page)
    page.get_by_role("button", name="Abmelden").click()
    assert "keine E-Mails mehr" in page.get_by_role("status").inner_text()
    assert not PreferenceRow.objects.get().enabled
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / "unsubscribed.png", full_page=True)
    page.get_by_role("button", name="Rückgängig machen").click()
    assert PreferenceRow.objects.get().enabled
