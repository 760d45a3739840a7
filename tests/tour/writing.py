"""The author's part: a type with four channels in two languages, previewed and published."""

from __future__ import annotations

from typing import Any

from tests.tour.staff import PHONE, Staff

LOW = {"width": 1440, "height": 820}  # a lock screen's colours make a large picture

TYPE = "spring_sale"
VARIABLES = (
    ("discount", "whole number", "20", "in percent"),
    ("code", "text", "SPRING20", "what one types at the till"),
    ("until", "date", "2027-03-31", "the last day"),
)
WORDS: dict[str, dict[str, dict[str, str]]] = {
    "en": {
        "In-app": {
            "title": "Spring sale: {{ discount }} % off",
            "body": "With {{ code }} until {{ until | date }}.",
            "action_url": "/sale",
        },
        "Push": {
            "title": "{{ discount }} % off everything",
            "body": "Spring sale until {{ until | date }}: {{ code }}",
            "action_url": "/sale",
        },
        "Email": {
            "title": "Spring sale: {{ discount }} % off until {{ until | date }}",
            "html": "<h1>{{ discount }} % off everything</h1>\n<p>Type <strong>{{ code }}</strong> at the till, "
            'until {{ until | date("long") }}.</p>\n<p><a class="button" href="{{ content.action_url }}">'
            "To the sale</a></p>",
            "body": '{{ discount }} % off with {{ code }}, until {{ until | date("long") }}: {{ content.action_url }}',
            "action_url": "/sale",
        },
        "SMS": {"body": "Harbor: {{ discount }} % off with {{ code }} until {{ until | date }}."},
    },
    "de": {
        "In-app": {
            "title": "Frühlingsangebot: {{ discount }} % günstiger",
            "body": "Mit {{ code }} bis {{ until | date }}.",
        },
        "Push": {"title": "{{ discount }} % auf alles", "body": "Frühlingsangebot bis {{ until | date }}: {{ code }}"},
        "Email": {
            "title": "Frühlingsangebot: {{ discount }} % günstiger bis {{ until | date }}",
            "html": "<h1>{{ discount }} % auf alles</h1>\n<p>Geben Sie an der Kasse <strong>{{ code }}</strong> ein, "
            'bis {{ until | date("long") }}.</p>\n<p><a class="button" href="{{ content.action_url }}">'
            "Zum Angebot</a></p>",
            "body": '{{ discount }} % mit {{ code }}, bis {{ until | date("long") }}: {{ content.action_url }}',
        },
        "SMS": {"body": "Harbor: {{ discount }} % mit {{ code }} bis {{ until | date }}."},
    },
}


def make_the_type(staff: Staff) -> None:
    """A name, what it is about, four channels, three variables."""
    page = staff.window("author")
    page.get_by_role("link", name="Notification types").click()
    staff.picture(page, "01-types")
    page.locator("a[href$='/notificationtype/add/']").first.click()
    page.fill("#id_name", TYPE)
    page.fill("#id_category", "promotions")
    page.fill("#id_description", "Prices of the spring sale, to whoever likes to hear of prices.")
    for channel in ("In-app", "Push", "Email", "SMS"):
        page.get_by_label(channel, exact=True).check()
    page.locator("#id_marketing").check(force=True)
    for number, (name, kind, example, about) in enumerate(VARIABLES):
        page.get_by_role("link", name="Add another Variable").click()
        page.fill(f"#id_variables-{number}-path", name)
        page.select_option(f"#id_variables-{number}-kind", label=kind)
        page.fill(f"#id_variables-{number}-example", example)
        page.fill(f"#id_variables-{number}-description", about)
    page.mouse.wheel(0, 3_000)
    staff.picture(page, "02-variables")
    page.locator("[name=_save]").click()
    page.locator("#tpl-form").wait_for()


def write_the_words(staff: Staff) -> None:
    """English on four channels, then German, begun from the English."""
    page = staff.window("author")
    for channel in WORDS["en"]:
        _write(page, channel, "en")
        if channel in ("Push", "Email"):
            staff.picture(page, f"03-{channel.lower()}", LOW)
    page.get_by_text("+ Language").click()
    page.get_by_role("combobox", name="Language").fill("de")
    staff.picture(page, "04-language")
    page.get_by_role("button", name="Add", exact=True).click()
    for channel in WORDS["de"]:
        _write(page, channel, "de")
    staff.picture(page, "05-sms-de")
    staff.picture(page, "05-sms-de-phone", PHONE)


def publish(staff: Staff) -> None:
    """What changes is shown, then it is published; every language of every channel is there."""
    page = staff.window("author")
    page.get_by_role("link", name="Publish…").click()
    page.get_by_label("What changed, for the history").fill("The spring sale, in two languages")
    staff.picture(page, "06-publish")
    page.get_by_role("button", name="Publish", exact=True).click()
    page.get_by_role("link", name="Notification types").first.click()
    page.get_by_role("link", name="Translations").first.click()
    page.get_by_role("link", name=TYPE).scroll_into_view_if_needed()
    staff.picture(page, "07-translations")


def _write(page: Any, channel: str, locale: str) -> None:
    page.get_by_role("navigation", name="Channel").get_by_role("link", name=channel, exact=True).click()
    page.get_by_role("navigation", name="Language").get_by_role("link", name=locale, exact=True).click()
    fields = WORDS[locale][channel]
    for name, words in fields.items():
        field = page.locator(f"#tpl-form [name={name}]")
        if not field.is_visible():
            page.locator("#tpl-form details summary").first.click()
        with page.expect_response("**/live/"):
            field.fill(words)
    page.locator("#tpl-state", has_text="All changes are kept").wait_for()
