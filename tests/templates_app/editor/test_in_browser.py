"""The editor in a real browser: what is typed is seen, kept, and told about, on a desk and on a phone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from templates_app.catalog import get_catalog
from templates_app.drafts import draft_of, working_words
from templates_app.models import NotificationType
from templates_app.publish import publish, published
from templates_app.variables.infer import infer
from templates_app.variables.rows import set_variables
from templates_app.words import Words
from tests.running import until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
PICTURES = os.environ.get("PICTURES", "")
PATIENCE_MS = 60_000


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
def kind(redis: object, browser: Any, transactional_db: None) -> Iterator[NotificationType]:
    get_catalog.cache_clear()
    made = NotificationType.objects.create(name="greeting", category="social", channels=["push", "email"])
    set_variables(made, infer({"name": "Ada"}))
    push = Words("push", "en", title="Hi", body="Hello {{ name }}")
    publish(made, [push, Words("email", "en", title="Hi", body="Hello {{ name }}", html="<h1>Hi {{ name }}</h1>")])
    yield made
    get_catalog.cache_clear()


@pytest.fixture
def opened(browser: Any, live_server: Any, kind: NotificationType) -> Any:
    """opened("push"): the editor of that channel's English text, with what its console said."""
    client = Client()
    client.force_login(User.objects.create_superuser("ada"))
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}

    def open_page(channel: str, viewport: dict[str, int] = DESKTOP) -> Any:
        context = browser.new_context(viewport=viewport)
        context.add_cookies([cookie])
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.troubles = []
        page.on("pageerror", lambda error: page.troubles.append(str(error)))
        page.on("requestfailed", lambda request: page.troubles.append(request.url))
        page.goto(f"{live_server.url}/admin/templates_app/notificationtype/{kind.pk}/words/{channel}/en/")
        return page

    return open_page


def picture(page: Any, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def test_what_is_typed_is_seen_at_once_and_kept_in_the_draft(opened: Any, kind: NotificationType) -> None:
    page = opened("push")
    title = page.locator("textarea[name=title]")
    with page.expect_response("**/live/"):
        title.fill("Ahoy ")
    with page.expect_response("**/live/"):
        page.get_by_role("button", name="name", exact=True).click()
    page.locator(".tpl-push-top", has_text="Ahoy Ada").wait_for()
    page.locator("#tpl-state", has_text="All changes are kept").wait_for()
    picture(page, "push")
    assert [words.title for words in working_words(kind) if words.channel == "push"] == ["Ahoy {{ name }}"]
    assert {words.title for words in published(kind)} == {"Hi"}
    assert page.troubles == []


def test_a_mistake_is_a_click_from_its_line(opened: Any) -> None:
    page = opened("push")
    with page.expect_response("**/live/"):
        page.locator("textarea[name=body]").fill("one\n{{ ''.__class__ }}\nthree")
    page.locator(".tpl-error", has_text="text, line 2").click()
    picked = "() => { const a = document.activeElement; return a.value.slice(a.selectionStart, a.selectionEnd) }"
    assert page.evaluate(picked) == "{{ ''.__class__ }}"


def test_a_mail_is_shown_in_frames_that_run_nothing(opened: Any) -> None:
    page = opened("email")
    with page.expect_response("**/live/"):
        page.locator("textarea[name=html]").fill("<h1>Hi {{ name }}</h1><script>document.title = 'ran'</script>")
    page.frame_locator(".tpl-wide iframe").get_by_text("Hi Ada").wait_for()
    page.frame_locator(".tpl-narrow iframe").get_by_text("Hi Ada").wait_for()
    assert [frame.get_attribute("sandbox") for frame in page.locator(".tpl-mails iframe").all()] == ["", ""]
    picture(page, "email")


def test_leaving_at_once_loses_nothing(opened: Any, kind: NotificationType, live_server: Any) -> None:
    page = opened("push")
    page.locator("textarea[name=title]").fill("Last words")
    page.get_by_role("link", name="History", exact=True).click()
    page.wait_for_url("**/versions/")

    def is_kept() -> bool:  # what the page sends as it is left comes in beside the next page
        page.reload()
        return bool(page.get_by_text("Go on writing").count())

    until(is_kept, PATIENCE_MS / 1000, "the draft")
    draft = draft_of(kind)
    assert draft is not None
    assert "Last words" in {row.title for row in draft.texts.all()}


@pytest.mark.parametrize("channel", ["push", "email"])
def test_nothing_sticks_out_on_a_phone(opened: Any, channel: str) -> None:
    page = opened(channel, PHONE)
    picture(page, f"{channel}-phone")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
