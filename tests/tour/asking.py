"""The support agent's part: why one chosen user got no mail and no push."""

from __future__ import annotations

from tests.tour.sending import BROADCAST
from tests.tour.staff import PHONE, Staff

CHOSEN = "usr_13"


def ask_on_the_broadcast(staff: Staff) -> None:
    """One field on the broadcast's page."""
    page = staff.window("support")
    page.get_by_role("link", name="Broadcasts").click()
    page.get_by_role("link", name=BROADCAST).click()
    page.get_by_label("User id").fill(CHOSEN)
    page.get_by_role("button", name="Look").click()
    page.locator("#one", has_text="The user has turned this off").scroll_into_view_if_needed()
    staff.picture(page, "16-one-user")


def ask_on_the_person(staff: Staff) -> None:
    """The user's own page: everything sent or not sent, and why."""
    page = staff.window("support")
    page.locator("a[href$='/preferences/user/']").first.click()
    page.locator("#searchbar").fill(CHOSEN)
    page.locator("#searchbar").press("Enter")
    page.get_by_role("link", name=CHOSEN).first.click()
    page.locator("article summary", has_text="Why?").first.click()
    page.locator(".np-why", has_text="The user has turned this off").first.wait_for()
    staff.picture(page, "17-why")
    staff.picture(page, "17-why-phone", PHONE)
