"""The drop-in inbox in a real browser, before a gateway: it fills, it lives, and what one does reaches the server."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import msgspec
import pytest
import uvicorn

from channels_app.gateway import Gateway
from foundation.clock import now_ms
from notifications import announce

STATIC = Path(__file__).parents[2] / "channels_app" / "static"
PAGE = """<!doctype html><html lang="en"><body><script type="module" src="/static/inbox.js"></script>
<notification-inbox api="/api/v1" socket="ws://{host}/ws/inbox/" user="usr_ann" token="token-ann">
</notification-inbox>"""
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


class Site:
    """One address for the page, its scripts, the REST inbox (from memory) and the gateway."""

    def __init__(self, inbox) -> None:
        self.inbox, self.gateway, self.posts = inbox, Gateway(inbox.calls), []

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http":
            await self.gateway(scope, receive, send)
            return
        kind, body = self.answer(scope)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
        await send({"type": "http.response.body", "body": body})

    def answer(self, scope) -> tuple[bytes, bytes]:
        path = scope["path"]
        if path.startswith("/static/"):
            return b"text/javascript", (STATIC / path.removeprefix("/static/")).read_bytes()
        if path == "/":
            return b"text/html", PAGE.format(host=dict(scope["headers"])[b"host"].decode()).encode()
        if scope["method"] == "POST":
            self.posts.append(path.rsplit("/", 2)[1:])
        entries = self.inbox.entries["usr_ann"][::-1]
        shown = {"notifications": entries, "unread_count": len(entries), "unseen_count": len(entries), "cursor": None}
        return b"application/json", msgspec.json.encode(shown)


@pytest.fixture
async def site(redis, inbox, settings):
    site = Site(inbox)
    server = uvicorn.Server(uvicorn.Config(site, host="127.0.0.1", port=0, ws="wsproto", log_config=None))
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    site.address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    settings.ALLOWED_ORIGINS = [site.address]
    yield site
    server.should_exit = True
    await task


@pytest.fixture
async def page(site):
    if not CHROMIUM:
        assert not os.environ.get("CI"), "the browser test needs chromium: apt install chromium"
        pytest.skip("no chromium: apt install chromium")
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await browser.new_page(viewport={"width": 400, "height": 700})
        await page.goto(site.address)
        yield page
        await browser.close()


@pytest.mark.browser
async def test_the_inbox_lives(site, page, inbox):
    from playwright.async_api import expect

    items, badge = page.locator("notification-inbox li"), page.locator("notification-inbox .badge").first
    await expect(page.locator("notification-inbox .empty")).to_be_visible()

    evil = inbox.add("usr_ann", 1, at=now_ms())
    evil["notification"] |= {"title": "<img src=x onerror=alert(1)>", "data": {"action_url": "javascript:alert(1)"}}
    announce.announce([("usr_ann", evil), ("usr_ann", evil)])
    await expect(items).to_have_count(1)
    await expect(badge).to_have_text("1")
    await expect(items.locator(".title")).to_have_text("<img src=x onerror=alert(1)>")
    assert await items.locator("a").count() == 0

    await items.locator(".main").focus()
    await page.keyboard.press("r")
    await expect(page.locator("notification-inbox li.unread")).to_have_count(0)
    async with asyncio.timeout(5):  # the page shows it at once, the gateway hears of it a moment later
        while ("usr_ann", ["notif_1"], {"read": True}) not in inbox.marked:
            await asyncio.sleep(0.02)

    await page.keyboard.press("Delete")
    await expect(items).to_have_count(0)
    await page.locator("notification-inbox .toast button").click()
    await expect(items).to_have_count(1)

    await items.locator(".main").click()
    await expect(items).to_have_count(1)
    assert ["notif_1", "opened"] in site.posts
