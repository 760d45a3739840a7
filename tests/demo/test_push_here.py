"""Push to the browser that shows the page: its scripts in a real browser, with a push service on loopback."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest
import uvicorn

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
STATIC = Path(__file__).parents[2] / "demo" / "static"
KEY = "BMfLGBRhKmNJX2nCXmPDCjJ7TgKjNLVO9UyQ2p2uqT-3J5tYc0kX7yHf2dPq0Qq0o1Y8r5oYhRj6k2v3w4x5y6z"
PAGE = """<!doctype html><title>x</title><button id="push-here" hidden></button><script type="module">
import { BrowserPush } from "/static/demo/page/browser-push.js";
new BrowserPush({ web_push_key: %s, api: location.origin + "/api/v1" }, { user: "usr_42" });
</script>"""
# What the worker shows is taken where it hands it over. Asking for what is shown while Chromium is about to show it
# makes Chromium forget it: it takes a notification that the desktop doesn't show yet for one that was dismissed.
LISTENING = """() => {
  const show = self.registration.showNotification.bind(self.registration);
  self.shown = new Promise((resolve, reject) => {
    self.registration.showNotification = async (title, options) => {
      self.given = options.data;
      await show(title, options).then(() => resolve({ title, body: options.body }), reject);
    };
  });
}"""
WITHIN_S = 20
PUSHED = {"title": "Shipped", "body": "On its way", "notification_id": "notif_1", "send_id": "s-1", "user_id": "usr_42"}


class Site:
    """The page, its scripts, and the two calls of the API that it makes."""

    def __init__(self) -> None:
        self.key, self.calls, self.changed = KEY, [], asyncio.Event()

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http":
            return
        kind, body = await self.answer(scope, receive)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
        await send({"type": "http.response.body", "body": body})

    async def answer(self, scope, receive) -> tuple[bytes, bytes]:
        path = scope["path"]
        if path.startswith("/static/"):
            return b"text/javascript", (STATIC / path.removeprefix("/static/")).read_bytes()
        if path == "/demo/token":
            return b"application/json", b'{"token": "token-42"}'
        if path.startswith("/api/"):
            body = (await receive()).get("body", b"")
            self.calls.append((scope["method"], path, scope["query_string"].decode(), body and json.loads(body)))
            self.changed.set()
            return b"application/json", b"{}"
        return b"text/html", (PAGE % json.dumps(self.key)).encode()


@pytest.fixture
async def site():
    site = Site()
    server = uvicorn.Server(uvicorn.Config(site, host="127.0.0.1", port=0, log_config=None))
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    site.address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
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
        context = await browser.new_context(permissions=["notifications"], base_url=site.address)
        yield await context.new_page()
        await browser.close()


@pytest.mark.browser
async def test_without_an_account_of_web_push_there_is_no_button(site, page):
    site.key = ""
    await page.goto("/")
    assert await page.locator("#push-here").is_hidden()


@pytest.mark.browser
async def test_a_browser_is_registered_as_a_device_of_whoever_is_shown(site, page):
    # Chromium's own push service is on the internet: what it would give is said here.
    given = {"endpoint": "https://push.example/1", "expirationTime": None, "keys": {"p256dh": "p", "auth": "a"}}
    await page.add_init_script(
        "PushManager.prototype.getSubscription = async () => null;"
        f"PushManager.prototype.subscribe = async (asked) => (window.asked = asked, {json.dumps(given)});"
    )
    await page.goto("/")
    await page.click("#push-here")
    await page.wait_for_function("document.querySelector('#push-here').textContent.includes('usr_42')")
    assert await page.evaluate("window.asked") == {"userVisibleOnly": True, "applicationServerKey": KEY}
    ((method, path, _, body),) = site.calls
    assert (method, path, body["platform"]) == ("PUT", "/api/v1/users/usr_42/devices", "web")
    assert json.loads(body["token"]) == given


@pytest.mark.browser
async def test_the_worker_shows_what_is_pushed_and_tells_that_it_was_opened(site, page):
    await page.goto("/")
    worker, push = await working(page)
    await worker.evaluate(LISTENING)
    await push(json.dumps(PUSHED))
    async with asyncio.timeout(WITHIN_S):
        assert await worker.evaluate("self.shown") == {"title": "Shipped", "body": "On its way"}
        await worker.evaluate("void self.shown.then(() => opened(self.given)).catch(() => {})")
        await site.changed.wait()
    ((method, path, query, _),) = site.calls
    assert (method, path) == ("POST", "/api/v1/users/usr_42/notifications/notif_1/opened")
    assert query == "via=push&send=s-1"


async def working(page):
    """The page's worker, and what pushes to it as the browser does when its push service hands something over."""
    session = await page.context.new_cdp_session(page)
    running = asyncio.get_running_loop().create_future()

    def told(event):
        for each in event["versions"]:
            if each["status"] == "activated" and not running.done():
                running.set_result(each["registrationId"])

    session.on("ServiceWorker.workerVersionUpdated", told)
    await session.send("ServiceWorker.enable")
    async with page.context.expect_event("serviceworker", timeout=WITHIN_S * 1000) as started:
        await page.evaluate("navigator.serviceWorker.register('/static/demo/page/push-worker.js').then(() => 0)")
    async with asyncio.timeout(WITHIN_S):
        registration = await running

    async def push(data):
        given = {"origin": await page.evaluate("location.origin"), "registrationId": registration, "data": data}
        await session.send("ServiceWorker.deliverPushMessage", given)

    return await started.value, push


@pytest.mark.browser
async def test_a_page_that_the_click_opened_tells_it_too(site, page):
    await page.goto("/?id=notif_1&user=usr_42&opened=s-1")
    async with asyncio.timeout(WITHIN_S):
        await site.changed.wait()
    assert site.calls[0][:3] == ("POST", "/api/v1/users/usr_42/notifications/notif_1/opened", "via=push&send=s-1")
