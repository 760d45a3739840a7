"""The pages that the admin has for every model: list, add, look, change, history, delete, delete those chosen."""

from __future__ import annotations

from typing import NamedTuple

from tests.delivery.staff.actions import NOBODY, Action, choice


class Rights(NamedTuple):
    """Who may do what with a model's rows; `usual` ones are Django's four."""

    view: str
    add: str
    change: str
    delete: str


def usual(model: str) -> Rights:
    """view_x (or change_x), add_x, change_x, delete_x."""
    app, name = model.split(".")
    view, add, change, delete = (f"{app}.{verb}_{name}" for verb in ("view", "add", "change", "delete"))
    return Rights(f"{view}|{change}", add, change, delete)


def looked_at(model: str) -> Rights:
    """Rows that the platform writes, or that have a way of their own to come, change and go."""
    return Rights(usual(model).view, NOBODY, NOBODY, NOBODY)


FILL, ISSUE = "preferences.change_staticlist", "notifications.issue_token"
MODELS: dict[str, Rights] = {
    "auth.group": usual("auth.group"),
    "auth.user": usual("auth.user"),
    "auditlog.logentry": looked_at("auditlog.logentry"),
    "broadcasts.broadcast": usual("broadcasts.broadcast")._replace(
        change="broadcasts.view_broadcast|broadcasts.change_broadcast", delete=NOBODY
    ),
    "delivery.accountsetting": looked_at("delivery.accountsetting"),
    "delivery.alert": looked_at("delivery.alert"),
    "delivery.control": looked_at("delivery.control"),
    "delivery.deadletter": looked_at("delivery.deadletter")._replace(change="delivery.replay_deadletter"),
    "delivery.quarantinedrecord": usual("delivery.quarantinedrecord")._replace(add=NOBODY, delete=NOBODY),
    "notifications.servicetoken": Rights(f"notifications.view_servicetoken|{ISSUE}", ISSUE, ISSUE, NOBODY),
    "preferences.erasure": looked_at("preferences.erasure"),
    "preferences.peopleimport": Rights(FILL, FILL, FILL, NOBODY),
    "preferences.segment": usual("preferences.segment"),
    "preferences.staticlist": usual("preferences.staticlist"),
    "preferences.suppression": usual("preferences.suppression")._replace(change=NOBODY, delete=NOBODY),
    "preferences.suppressionchange": looked_at("preferences.suppressionchange"),
    "preferences.user": usual("preferences.user")._replace(delete=NOBODY),
    "sandbox.outboxmessage": looked_at("sandbox.outboxmessage"),
    "templates_app.notificationtype": usual("templates_app.notificationtype"),
    "templates_app.sharedhtml": usual("templates_app.sharedhtml"),
    "templates_app.templateversion": looked_at("templates_app.templateversion"),
}


def _pages(model: str, rights: Rights) -> list[Action]:
    at, row = f"/admin/{model.replace('.', '/')}/", f"/admin/{model.replace('.', '/')}/{{{model.split('.')[1]}}}/"
    return [
        Action(f"list {model}", rights.view, at),
        Action(f"add a {model}", rights.add, f"{at}add/"),
        Action(f"look at a {model}", rights.view, f"{row}change/"),
        Action(f"see the history of a {model}", rights.view, f"{row}history/"),
        Action(f"delete a {model}", rights.delete, f"{row}delete/"),
        choice(f"delete chosen {model}s", rights.delete, at, "delete_selected"),
        Action(f"save a {model}", rights.change, f"{row}change/", {}),
    ]


ACTIONS = [action for model, rights in MODELS.items() for action in _pages(model, rights)]
