"""Types and their words: drafts, tests, publishing, approving, the way back."""

from __future__ import annotations

from tests.delivery.staff.actions import Action, choice

TYPES = "/admin/templates_app/notificationtype/"
TYPE = TYPES + "{notificationtype}/"
TEXT = f"{TYPE}words/in_app/en/"
VIEW, WRITE = "templates_app.view_notificationtype", "templates_app.change_draft"
PUBLISH, APPROVE = "templates_app.publish_template", "templates_app.approve_template"
WORDS = {"title": "Your order", "body": "It is on its way.", "save": "1", "revision": "0"}

ACTIONS = [
    Action("open the editor", VIEW, f"{TYPE}words/"),
    Action("read a text", VIEW, TEXT),
    Action("preview a text", VIEW, f"{TEXT}live/", WORDS | {"save": ""}),
    Action("save a text", WRITE, f"{TEXT}live/", WORDS, shows='"saved": true'),
    Action("add a language", WRITE, f"{TYPE}words/in_app/add-language/", {"locale": "de", "from": "en"}),
    Action("remove a text", WRITE, f"{TYPE}words/in_app/de/remove/", {}),
    Action("send a test", "templates_app.test_template", f"{TYPE}words/in_app/test/", {"user": "usr_1"}),
    Action("see past events", "templates_app.see_events", f"{TYPE}events/", {"asked": "usr_1"}),
    Action("see the translations", VIEW, f"{TYPES}translations/"),
    Action("see what publishing will do", PUBLISH, f"{TYPE}draft/publish/"),
    Action("schedule", PUBLISH, f"{TYPE}draft/publish/", {"note": "later", "when": "at", "at": "2099-01-01T10:00"}),
    Action("approve words", APPROVE, f"{TYPE}draft/approve/", {}),
    Action("take a proposal back", WRITE, f"{TYPE}draft/take-back/", {}),
    Action("bring a draft up to date", WRITE, f"{TYPE}draft/update/", {}),
    Action("approve a change of the rules", APPROVE, f"{TYPE}rules/approve/", {}),
    Action("take a change of the rules back", "templates_app.change_notificationtype", f"{TYPE}rules/take-back/", {}),
    Action("publish", PUBLISH, f"{TYPE}draft/publish/", {"note": "now"}),
    Action("discard a draft", WRITE, f"{TYPE}draft/discard/", {}),
    Action("see the history", VIEW, f"{TYPE}versions/"),
    Action("compare two versions", VIEW, f"{TYPE}compare/"),
    Action("see what rolling back will do", PUBLISH, f"{TYPE}versions/1/bring-back/"),
    Action("roll back", PUBLISH, f"{TYPE}versions/1/bring-back/", {}),
    Action(
        "take variables from the example",
        "templates_app.change_notificationtype",
        TYPES + "{without_variables}/variables_from_example/",
    ),
    choice("publish anew what uses a layout", PUBLISH, "/admin/templates_app/sharedhtml/", "publish_anew"),
]
