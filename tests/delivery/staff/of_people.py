"""Users, their timelines, segments, lists, files of people, erasures, suppressions."""

from __future__ import annotations

from tests.delivery.staff.actions import Action, choice

USERS, IMPORTS = "/admin/preferences/user/", "/admin/preferences/peopleimport/"
SEGMENTS, LISTS = "/admin/preferences/segment/", "/admin/preferences/staticlist/"
SUPPRESSED = "/admin/preferences/suppression/"
SEE, IMPORT = "preferences.see_addresses", "preferences.import_users"
FILL = "preferences.change_staticlist"
BUILD = "preferences.view_segment|preferences.change_segment"

ACTIONS = [
    Action("read a user's page", "preferences.view_user", USERS + "{user}/"),
    Action("read a user's timeline", "preferences.view_user", USERS + "{user}/timeline/"),
    Action("ask why it didn't arrive", "preferences.view_user", USERS + "{user}/why/?id=notif_1"),
    Action("see an address on a user's page", SEE, USERS + "{user}/", shows="ann@example.com"),
    Action("see an address in the list of users", SEE, USERS, shows="ann@example.com"),
    Action("see an address in a user's form", SEE, USERS + "{user}/change/", shows="ann@example.com"),
    Action("see a suppressed address", SEE, SUPPRESSED, shows="ann@example.com"),
    Action("see an address in the outbox", SEE, "/admin/sandbox/outboxmessage/{outboxmessage}/change/", shows="ann@ex"),
    Action("export a user", "preferences.export_user", USERS + "{user}/export/"),
    Action("ask about erasing a user", "preferences.erase_user", USERS + "{user}/erase/"),
    Action("erase a user", "preferences.erase_user", USERS + "{gone}/erase/", {"typed": "usr_gone"}),
    Action("begin a file of users", IMPORT, f"{USERS}import-file/"),
    Action("send a file", IMPORT, f"{IMPORTS}begin/", {"name": "people.csv"}),
    Action("send a piece of a file", IMPORT, IMPORTS + "{uploading}/part/?number=0", {"any": "bytes"}),
    Action("choose a file's columns", IMPORT, IMPORTS + "{users_file}/columns/", {}),
    Action("watch an import", IMPORT, IMPORTS + "{users_file}/progress/"),
    Action("steer an import", IMPORT, IMPORTS + "{users_file}/steer/", {"act": "pause"}),
    Action("take the rows that weren't taken", IMPORT, IMPORTS + "{users_file}/bad.csv"),
    Action("choose a column for a list", FILL, IMPORTS + "{peopleimport}/columns/", {}),
    Action("watch a list fill", FILL, IMPORTS + "{peopleimport}/progress/"),
    Action("steer the filling", FILL, IMPORTS + "{peopleimport}/steer/", {"act": "pause"}),
    Action("take the rows not on the list", FILL, IMPORTS + "{peopleimport}/bad.csv"),
    Action("fill a static list", FILL, LISTS + "{staticlist}/fill/"),
    Action("build a condition", BUILD, f"{SEGMENTS}build/", {}),
    Action("see who meets a condition", BUILD, f"{SEGMENTS}preview/", {}),
    Action("count who meets a condition", BUILD, f"{SEGMENTS}count/", {}),
    Action("count a segment", BUILD, SEGMENTS + "{segment}/count/"),
    choice("take an address off the list", "preferences.delete_suppression", SUPPRESSED, "take_off"),
    Action("bring in suppressed addresses", "preferences.add_suppression", f"{SUPPRESSED}import/"),
    Action("export the suppression list", SEE, f"{SUPPRESSED}csv/"),
    Action("export it as JSON lines", SEE, f"{SUPPRESSED}jsonl/"),
]
