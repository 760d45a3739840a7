"""The marketer's and the approver's part: a segment, a broadcast, a second person, and a hand on the rate."""

from __future__ import annotations

from contextlib import suppress

from playwright.sync_api import TimeoutError as TooLong

from tests.tour.staff import PATIENCE_MS, PHONE, Staff
from tests.tour.writing import TYPE, VARIABLES

SEGMENT = "sale_readers"
BROADCAST = "Spring sale, first wave"
RATE, SLOWER = "500", "50 a second"


def build_the_segment(staff: Staff) -> None:
    """Whoever lives in the town or reads German, counted while it is built."""
    page = staff.window("marketer")
    page.get_by_role("link", name="Segments").click()
    page.locator("a[href$='/segment/add/']").first.click()
    page.fill("#id_name", SEGMENT)
    page.fill("#id_description", "The town, and whoever reads German")
    page.select_option("#seg-c-join", "any")
    page.fill("#seg-c-0-name", "home")
    page.fill("#seg-c-0-value", "town")
    page.locator("#seg-c-add").click()
    page.select_option("#seg-c-1-kind", "locale")
    page.fill("#seg-c-1-values", "de")
    page.press("#seg-c-1-values", "Tab")
    page.locator("#segment-preview .np-words", has_text="de").wait_for()
    page.locator("#segment-preview strong").wait_for()
    staff.picture(page, "08-segment")
    staff.picture(page, "08-segment-phone", PHONE)
    page.locator("[name=_save]").click()
    page.wait_for_url("**/segment/")


def propose_the_broadcast(staff: Staff) -> None:
    """A draft shows what it would do; starting one this large asks for a second person."""
    page = staff.window("marketer")
    page.get_by_role("link", name="Broadcasts").click()
    page.locator("a[href$='/broadcast/add/']").first.click()
    page.fill("#id_name", BROADCAST)
    page.select_option("#id_segment", SEGMENT)
    page.select_option("#id_type", TYPE)
    for name, _kind, value, _about in VARIABLES:
        page.fill(f"#id_variable_{name}", value)
    page.fill("#id_rate", RATE)
    staff.picture(page, "09-broadcast")
    page.get_by_role("button", name="Keep as a draft").click()
    page.locator("#estimate").wait_for()
    page.locator("#estimate [data-recipients]", has_text="100,00").wait_for()
    if staff.makes_pictures:  # whoever only walks needn't wait for the estimate
        with suppress(TooLong):
            page.locator("#estimate").get_by_text("Counting").wait_for(state="detached", timeout=PATIENCE_MS)
    staff.picture(page, "10-estimate")
    page.get_by_role("button", name="Start it…").click()
    page.locator("[data-state=waiting]").wait_for()
    staff.picture(page, "11-waiting")


def approve(staff: Staff) -> None:
    """Somebody else looks at it and says yes."""
    page = staff.window("approver")
    page.get_by_role("link", name="Broadcasts").click()
    page.get_by_role("link", name=BROADCAST).click()
    page.get_by_role("button", name="Approve…").wait_for()
    staff.picture(page, "12-approve")
    page.get_by_role("button", name="Approve…").click()
    page.locator("[data-state=running]").wait_for()


def steer(staff: Staff) -> None:
    """Watched, slowed down, paused, resumed."""
    page = staff.window("marketer")
    page.locator("[data-state=running]").wait_for()
    page.locator("#rate").wait_for()
    page.wait_for_function("Number(document.querySelector('[data-count=sent]')?.innerText.replace(',', '')) > 0")
    staff.picture(page, "13-running")
    page.focus("#rate")
    while page.inner_text("[data-rate]") != SLOWER:
        with page.expect_response("**/rate/"):
            page.keyboard.press("ArrowLeft")
    staff.picture(page, "14-slower")
    page.get_by_role("button", name="Pause").click()
    page.locator("[data-state=paused]").wait_for()
    staff.picture(page, "15-paused-phone", PHONE)
    page.get_by_role("button", name="Resume").click()
    page.locator("[data-state=running]").wait_for()
