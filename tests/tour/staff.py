"""The people of the tour: members of staff, each in a browser window of their own, signed in as the demo has them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
PATIENCE_MS = 60_000

Picture = Callable[[Any, str], None]


class Staff:
    """Opens a window for each role, once; a script's error or a page that fails is kept in `troubles`."""

    def __init__(self, browser: Any, *, url: str, password: str, pictures: Path | None = None) -> None:
        self._browser, self._url, self._password, self._pictures = browser, url, password, pictures
        self._windows: dict[str, Any] = {}
        self.troubles: list[str] = []

    @property
    def makes_pictures(self) -> bool:
        return self._pictures is not None

    def window(self, role: str) -> Any:
        """The role's page, signed in at the admin's first page."""
        if role not in self._windows:
            self._windows[role] = self._signed_in(role)
        return self._windows[role]

    def picture(self, page: Any, name: str, viewport: dict[str, int] = DESK) -> None:
        """It fits; and a picture of what is seen now, if pictures are wanted."""
        page.set_viewport_size(viewport)
        sideways = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not page.evaluate(sideways), f"{name} sticks out at {viewport['width']} px"
        if self._pictures:
            page.evaluate("document.fonts.ready")
            page.wait_for_timeout(300)
            page.screenshot(path=self._pictures / f"{name}.png", animations="disabled", caret="hide")
        page.set_viewport_size(DESK)

    def close(self) -> None:
        for page in self._windows.values():
            page.context.close()

    def _signed_in(self, role: str) -> Any:
        context = self._browser.new_context(viewport=DESK, base_url=self._url, color_scheme="light", locale="en-GB")
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.on("pageerror", lambda error: self.troubles.append(f"{page.url}: {error}"))
        page.on("response", self._look)
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto("/admin/")
        page.get_by_label("Username").fill(role)
        page.get_by_label("Password").fill(self._password)
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("link", name="Dashboard").first.wait_for()
        return page

    def _look(self, response: Any) -> None:
        if response.status >= 400:
            self.troubles.append(f"{response.status} {response.url}")


@contextmanager
def chromium() -> Iterator[Any]:
    """The browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()
