"""The dashboard at the admin's index, and the two clicks from a spike to a notification in it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse

from delivery import board
from delivery.desk import told
from delivery.desk.pages import as_json, moment, needs, page
from foundation import minutes
from foundation.minutes import Field
from foundation.redis import Unreachable
from notifications.words import sentence

USUAL_SPAN = 60
_ERRORS = board.KINDS["failed"][0]  # their reason is an error's word
SHOWN_FIELDS = 40

admin.site.index_template = "delivery/board.html"


PLOTS = (
    {
        "name": "flow",
        "title": "Accepted, and what came of it",
        "says": "a minute; accepted counts notifications, the others deliveries",
    },
    {"name": "way", "title": "The way", "says": "from acceptance until a channel had it: p95, and p50 dotted"},
    {"name": "delivered", "title": "Delivered", "says": "handed over, by channel"},
    {"name": "dropped", "title": "Dropped", "says": "by reason"},
    {"name": "deferred", "title": "Put off", "says": "it waits for its time, by reason"},
    {"name": "failed", "title": "Failed", "says": "attempts that didn't arrive, by channel and account"},
)
TABLES = (
    {"name": "lags", "title": "Lag of each topic"},
    {"name": "breakers", "title": "Provider accounts"},
    {"name": "waiting", "title": "Waiting for its time"},
    {"name": "parked", "title": "Parked"},
)


def context(request: HttpRequest, given: dict[str, Any]) -> dict[str, Any]:
    """What the index's template is given besides (UNFOLD's DASHBOARD_CALLBACK)."""
    return {**given, "title": "Dashboard", "plots": PLOTS, "tables": TABLES}


@needs("delivery.see_dashboard")
def figures(request: HttpRequest) -> HttpResponse:
    """What the page polls."""
    asked = request.GET.get("span", "")
    return as_json(board.look(int(asked) if asked.isdigit() and int(asked) in board.SPANS else USUAL_SPAN))


@needs("delivery.see_notification")
def minute(request: HttpRequest) -> HttpResponse:
    """The notifications of a minute: those that were dropped for this reason, failed over this account, were sent."""
    asked = request.GET.get("minute", "")
    number = int(asked) if asked.isdigit() else minutes.minute_of(0)
    kind, bar = request.GET.get("kind", ""), request.GET.get("bar", "")
    try:
        groups, away = _groups(number, kind, bar), ""
    except Unreachable as error:
        groups, away = [], str(error)
    at = moment(number * minutes.MINUTE_MS)
    title = f"{bar or kind or 'Everything'} at {at:%H:%M} UTC" if at else "A minute"
    return page(request, "minute", title, groups=groups, away=away, kept=minutes.SAMPLE, at=at)


def _groups(number: int, kind: str, bar: str) -> list[dict[str, Any]]:
    """The counters of the minute that belong to the bar, most first, each with the ids kept beside it."""
    counts = minutes.read([number])[number]
    wanted = {field: count for field, count in counts.items() if _is_wanted(field, kind, bar)}
    fields = sorted(wanted, key=lambda field: (-wanted[field], field))[:SHOWN_FIELDS]
    ids = minutes.sampled(number, fields) if fields else {}
    return [
        {
            "channel": field[1],
            "status": field[2],
            "reason": field[3],
            "says": sentence(field[3], error=field[2] in _ERRORS),
            "account": field[4],
            "count": wanted[field],
            "ids": ids[field],
        }
        for field in fields
    ]


def _is_wanted(field: Field, kind: str, bar: str) -> bool:
    if field[0] != "told":
        return False
    place = board.place_of(field)
    if not kind:
        return True
    return place is not None and place[0] == kind and bar in ("", place[1])


@needs("delivery.see_notification")
def find(request: HttpRequest) -> HttpResponse:
    """One notification by its id, with its whole story."""
    asked = request.GET.get("id", "").strip()
    if asked:
        return HttpResponseRedirect(reverse("admin:notification", args=[asked]))
    return page(request, "notification", "Find a notification", story=None, id="")


@needs("delivery.see_notification")
def notification(request: HttpRequest, id: str) -> HttpResponse:
    """Its status per channel, why, and every attempt."""
    return page(request, "notification", id, story=told.story_of(id, request.user), id=id)


URLS = [
    path("board.json", figures, name="board_figures"),
    path("minute/", minute, name="minute"),
    path("notification/", find, name="find_notification"),
    path("notification/<str:id>/", notification, name="notification"),
]
