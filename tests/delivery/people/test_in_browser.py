"""The pages about people in a real browser: built by clicking, on a desk and on a phone, in light and dark."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client

from preferences import import_admin
from preferences.imports import jobs
from preferences.models import PeopleImport, Segment, StaticList, User
from tests.delivery.people.test_person_page import sent

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases="__all__")]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
DESK, PHONE = (1440, "light"), (390, "dark")
PICTURES = os.environ.get("PICTURES", "")
WITHIN_MS = 60_000

Open = Callable[..., Any]


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
def opened(redis: object, browser: Any, transactional_db: None, live_server: Any) -> Iterator[Open]:
    """Opens a page of the admin as somebody who may do everything; errors of its scripts end the test."""
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("root", "root@example.com", "secret"))
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": client.cookies["sessionid"].value, "url": live_server.url}
    contexts: list[Any] = []
    problems: list[str] = []

    def open_page(path: str, look: tuple[int, str] = DESK) -> Any:
        width, scheme = look
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        context.set_default_timeout(WITHIN_MS)
        context.add_cookies([cookie])
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"{live_server.url}/admin/preferences/{path}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []


def pictured(page: Any, name: str) -> None:
    """It fits its width; with PICTURES set there is a picture of it."""
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}-{page.viewport_size['width']}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), name


def test_a_segment_is_built_by_clicking_and_counted_at_once(opened: Open):
    User.objects.create(user_id="ann", locale="de-AT", attributes={"plan": "pro"})
    User.objects.create(user_id="ben", locale="de", attributes={"plan": "free"})
    User.objects.create(user_id="cleo", locale="en")
    page = opened("segment/add/")

    page.fill("#id_name", "paying Germans")
    page.select_option("#seg-c-0-kind", "locale")
    page.fill("#seg-c-0-values", "de")
    page.locator("#segment-preview strong", has_text="2").wait_for()
    page.press("#seg-c-group", "Enter")
    page.fill("#seg-c-1-0-name", "plan")
    page.fill("#seg-c-1-0-value", "pro")
    page.press("#seg-c-1-0-value", "Tab")
    page.locator("#segment-preview strong", has_text="1").wait_for()
    assert "ann" in page.inner_text("#segment-preview table")
    pictured(page, "segment")
    page.click("button[name=_save], input[name=_save]")
    page.wait_for_url("**/segment/")

    assert Segment.objects.get(name="paying Germans").condition["of"][0] == {"kind": "locale", "any_of": ["de"]}
    pictured(opened(f"segment/{Segment.objects.get(name='paying Germans').pk}/change/", PHONE), "segment")


def test_a_click_in_the_builder_waits_for_no_preview(opened: Open):
    page = opened("segment/add/")
    unanswered: list[object] = []
    page.route("**/segment/preview/", lambda route: unanswered.append(route))
    page.fill("#seg-c-0-name", "plan")
    page.press("#seg-c-0-name", "Tab")
    page.wait_for_function("document.querySelector('#segment-preview').classList.contains('htmx-request')")
    page.select_option("#seg-c-0-kind", "locale")
    page.fill("#seg-c-0-values", "de", timeout=10_000)
    assert unanswered


def test_a_file_comes_in_pieces_its_columns_are_chosen_and_it_runs(opened: Open, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(import_admin, "PART_BYTES", 1_000)
    StaticList.objects.create(name="early birds")
    file = tmp_path / "people.csv"
    file.write_text("\ufeffid;mail;x\n" + "".join(f"u{n};u{n}@example.com;{n}\n" for n in range(300)) + "bad;no;1\n")
    page = opened("peopleimport/add/")
    pictured(page, "import-file")

    page.set_input_files("input[type=file]", file)
    page.click("button.np-main")
    page.wait_for_url("**/change/")
    page.select_option("#column-2", "")
    page.locator("#np-import-preview", has_not_text="attribute").wait_for()
    pictured(page, "import-columns")
    page.click("button[name=start]")
    page.locator("#np-progress", has_text="Running").wait_for()
    jobs.advance(within_s=60)
    page.locator("#np-progress", has_text="Done").wait_for()

    assert User.objects.count() == 300
    assert User.objects.get(user_id="u7").attributes == {}
    with page.expect_download() as download:
        page.click("#np-progress a")
    assert "bad,no,1" in Path(download.value.path()).read_text("utf-8-sig")
    pictured(opened(f"peopleimport/{PeopleImport.objects.get().pk}/change/", PHONE), "import-running")


def test_why_is_one_click_and_erasing_says_what_it_does(opened: Open):
    ann = User.objects.create(user_id="usr_ann", email="ann@example.com", attributes={"name": "Ann"})
    id = sent("usr_ann")
    for look in (DESK, PHONE):
        page = opened(f"user/{ann.pk}/", look)
        page.click(f'button[aria-controls="why-{id}"]')
        page.locator(".np-why", has_text="Decided not to send").wait_for()
        pictured(page, "person")

    page.fill("#np-id", id)
    page.press("#np-id", "Enter")
    page.locator("#np-found", has_text=id).wait_for()
    page.click("text=Erase…")
    page.fill("#id_typed", "usr_ann")
    pictured(page, "erase")
    page.click("text=Erase for good")
    page.locator("text=Nothing is left by").wait_for()
    pictured(page, "receipt")

    assert User.objects.get(pk=ann.pk).email == ""
