"""A broadcast's pages in a real browser: they fit, the slider is felt, what runs is seen moving."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from foundation.clock import now_ms
from foundation.identifiers import new_broadcast_id
from notifications.broadcasts import acceptance, states
from notifications.broadcasts.models import Broadcast, Walk
from tests.notifications.broadcasts.segments import MARKETER, a_broadcast, make_news, make_users

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("fresh_process"),
]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
WIDTHS = (1440, 390)
PICTURES = os.environ.get("PICTURES", "")
STICKS_OUT = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
COVERED = "!document.querySelector('#live').contains(document.elementFromPoint(720, 200))"
LIST = "/admin/broadcasts/broadcast/"


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
def running() -> Broadcast:
    make_news()
    make_users(20)
    row = acceptance.propose(
        a_broadcast(name="Spring sale"), MARKETER, id=new_broadcast_id(), by="ann", now=now_ms(), draft=True
    )
    Broadcast.objects.filter(pk=row.pk).update(state=states.RUNNING, started_at=now_ms(), rate=1_000)
    Walk.objects.filter(pk=row.pk).update(is_frozen=True, audience=20_000, expanded=5_000)
    return row


@pytest.fixture
def page(browser: Any, live_server: Any, running: Broadcast) -> Iterator[Any]:
    """Somebody who may do everything, at a desk."""
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("root", "root@example.com", "secret"))
    context = browser.new_context(viewport={"width": WIDTHS[0], "height": 900}, base_url=live_server.url)
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
    opened = context.new_page()
    opened.goto(f"{LIST}{running.pk}/change/")
    yield opened
    context.close()


def test_the_pages_fit_at_a_desk_and_on_a_phone(page, running):
    for name, address in (("list", LIST), ("form", f"{LIST}add/"), ("live", f"{LIST}{running.pk}/change/")):
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(address)
            assert not page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"), (
                name
            )
            if PICTURES:
                page.screenshot(path=Path(PICTURES) / f"broadcast-{name}-{width}.png", full_page=True)


def test_the_slider_by_keyboard_changes_the_rate_while_it_runs(page, running):
    page.focus("#rate")
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    page.wait_for_function("document.querySelector('#rate-words').innerText.includes('100 a second')")
    assert Broadcast.objects.get().rate == 100
    assert page.evaluate("document.activeElement.id") == "rate"


def test_what_runs_is_seen_moving_and_ends_with_its_buttons(page, running):
    Walk.objects.update(expanded=12_345)
    page.get_by_text("12,345 of 20,000 are out").wait_for()
    page.get_by_role("button", name="Pause").click()
    page.locator("[data-state]", has_text="paused").wait_for()
    page.get_by_role("button", name="Resume").wait_for()
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Cancel…").click()
    page.locator("[data-state]", has_text="cancelled").wait_for()
    assert not page.evaluate(COVERED), "something lies over the page"
    assert Broadcast.objects.get().state == states.CANCELLED


def test_why_one_user_got_nothing_is_one_question(page):
    page.fill("#one-user", "usr_00003")
    page.keyboard.press("Enter")
    page.get_by_text("Wasn't in the segment").wait_for()


def test_who_waits_for_approval_sees_it_start(page, running):
    Broadcast.objects.update(state=states.WAITING, started_at=None)
    page.reload()
    page.get_by_text("It waits for somebody").or_(page.get_by_role("button", name="Approve…")).first.wait_for()
    Broadcast.objects.update(state=states.RUNNING, started_at=now_ms())
    page.locator("[data-state=running]").wait_for()
    page.locator("#rate").wait_for()
