"""The page of controls: what can be paused, drained, re-rated, each with what will happen, and why it is done."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, NamedTuple

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from delivery import account_settings, board, breaker, controls
from delivery.accounts_report import standings
from delivery.controls import Kind, Mode
from delivery.desk import board as board_page
from delivery.desk.pages import WhyForm, doing, moment, name_of, needs, page
from delivery.models import AccountSetting, Control
from delivery.providers.registry import account_names
from notifications.topology import CHANNELS
from preferences.channels import LABELS
from templates_app.catalog import get_catalog

ACCOUNT = "account"
LIST = "admin:delivery_control_changelist"
PERMISSION = {
    Kind.CHANNEL: "delivery.control_channel",
    Kind.TYPE: "delivery.control_channel",
    ACCOUNT: "delivery.control_account",
}

STATES = {
    breaker.CLOSED: "takes sends",
    breaker.HALF_OPEN: "trying a few",
    breaker.OPEN: "shut: it fails",
    breaker.RETRY_AFTER: "asked us to wait",
    breaker.PAUSED: "paused",
}


class Act(NamedTuple):
    """One thing that can be done: its button, what it says will happen, whether it is to be dreaded, what does it."""

    button: str
    will: str
    act: Callable[..., None]
    danger: bool = False


def _hold(mode: str) -> Callable[..., None]:
    return lambda kind, name, why, by, **_: controls.hold(kind, name, mode, why=why, by=by)


def _resume(kind: str, name: str, why: str, by: str, **_: Any) -> None:
    controls.resume(kind, name, why=why, by=by)


def _pause_account(kind: str, name: str, why: str, by: str, **_: Any) -> None:
    account_settings.pause(name, why, by=by)


def _resume_account(kind: str, name: str, why: str, by: str, **_: Any) -> None:
    account_settings.resume(name, why=why, by=by)
    breaker.close(name)


def _rate_account(kind: str, name: str, why: str, by: str, rate: int | None = None, **_: Any) -> None:
    account_settings.set_rate(name, rate, why=why, by=by)


ACTS: dict[tuple[str, str], Act] = {
    (Kind.CHANNEL, "pause"): Act(
        "Pause",
        "Nothing is sent on it any more, within a second, by any account. What is on its way waits on the log and goes "
        "out in order when you resume; what expires meanwhile is dropped as expired. High-priority notifications don't "
        "fall back to another channel for it. Login codes wait too.",
        _hold(Mode.PAUSED),
        danger=True,
    ),
    (Kind.CHANNEL, "drain"): Act(
        "Drain",
        "What is on its way goes out. What is routed from now on waits and is routed when you resume. When its lag is "
        "nought, nothing of the channel is under way.",
        _hold(Mode.DRAINING),
    ),
    (Kind.CHANNEL, "resume"): Act(
        "Resume", "It goes on at once, and so does what was held back. Accounts keep to their rates.", _resume
    ),
    (Kind.TYPE, "drain"): Act(
        "Hold",
        "What was routed already goes out. What comes from now on is accepted and waits, on every channel, until you "
        "resume; what expires meanwhile is dropped as expired. A broadcast of this type is better paused itself.",
        _hold(Mode.DRAINING),
        danger=True,
    ),
    (Kind.TYPE, "resume"): Act("Resume", "What was held back is routed at once, preferences looked at anew.", _resume),
    (ACCOUNT, "pause"): Act(
        "Pause",
        "Nothing more is sent over it, within a second. Other accounts of its channel take over; where there is none, "
        "its sends wait without losing an attempt.",
        _pause_account,
        danger=True,
    ),
    (ACCOUNT, "resume"): Act(
        "Resume", "It takes sends at once, whatever stopped it: your pause, its breaker, its refusal.", _resume_account
    ),
    (ACCOUNT, "rate"): Act(
        "Change its rate", "Every worker keeps to it from its next burst on; nothing is restarted.", _rate_account
    ),
}


class RateForm(WhyForm):
    """A rate, and why."""

    rate = forms.IntegerField(
        label="Messages a second",
        min_value=0,
        required=False,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Empty: the account's own rate. 0: no limit.",
    )
    field_order = ("rate", "why")


@admin.register(Control)
class ControlAdmin(ModelAdmin):
    """Channels, types and accounts on one page; each button asks why."""

    def get_urls(self) -> list[Any]:
        """This room's own pages stand here, since the admin knows pages by models."""
        own = [path("<str:kind>/<str:name>/<str:act>/", change, name="control"), *board_page.URLS]
        return [*own, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return listed(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@needs("delivery.view_control")
def listed(request: HttpRequest) -> HttpResponse:
    """Everything that can be held back, and how it stands."""
    rows = controls.rows()
    held_types = {name for (kind, name), row in rows.items() if kind == Kind.TYPE and row.mode}
    tables = [
        ("Channels", "What waits for a paused channel stays on the log.", _channels(request, rows)),
        ("Provider accounts", "Each channel's accounts, with their breakers.", _accounts(request)),
        ("Held types", "New notifications of these wait.", [_type(request, n, rows) for n in sorted(held_types)]),
    ]
    free = [name for name in get_catalog().names() if name not in held_types]
    may_hold = request.user.has_perm(PERMISSION[Kind.TYPE])
    return page(request, "controls", "Controls", tables=tables, types=free if may_hold else [])


def change(request: HttpRequest, kind: str, name: str, act: str) -> HttpResponse:
    """Says what will happen, asks why, does it."""
    if (kind, act) not in ACTS:
        raise Http404
    return needs(PERMISSION[kind])(_change)(request, kind, name, act)


def _change(request: HttpRequest, kind: str, name: str, act: str) -> HttpResponse:
    if kind == Kind.TYPE:
        name = request.GET.get("name", name)  # chosen from a list
    if name not in _names(kind):
        raise Http404
    found = ACTS[kind, act]
    form = (RateForm if act == "rate" else WhyForm)(request.POST if request.method == "POST" else None)
    if form.is_valid():
        given = {**form.cleaned_data, "by": name_of(request)}
        if doing(request, lambda: found.act(kind, name, **given), f"{found.button}: {name}"):
            return HttpResponseRedirect(reverse(LIST))
    shown = {"act": found, "form": form, "kind": kind, "name": name, "list": reverse(LIST)}
    return page(request, "control", f"{found.button}: {kind} {name}", **shown)


def _names(kind: str) -> Collection[str]:
    if kind == ACCOUNT:
        return account_names()
    return CHANNELS if kind == Kind.CHANNEL else get_catalog().names()


class Row(NamedTuple):
    """A line of a table: its name, state, what is told of it, who changed it last, its buttons."""

    name: str
    state: str
    colour: str
    says: str
    who: str
    at: datetime | None
    buttons: list[dict[str, Any]]


def _channels(request: HttpRequest, rows: dict[tuple[str, str], Control]) -> list[Row]:
    lags = {each.topic: each for each in board.stands().get("lags", ())}
    found = []
    for channel in CHANNELS:
        row = rows.get((Kind.CHANNEL, channel))
        behind = sum(each.behind for topic, each in lags.items() if topic.split(".")[1:2] == [channel])
        acts = ("resume", "drain") if row and row.mode == Mode.PAUSED else ("resume", "pause")
        acts = acts if row and row.mode else ("pause", "drain")
        says = f"{behind:,} records behind"
        found.append(_row(request, Kind.CHANNEL, channel, row, says, acts, title=LABELS[channel]))
    return found


def _type(request: HttpRequest, name: str, rows: dict[tuple[str, str], Control]) -> Row:
    return _row(request, Kind.TYPE, name, rows.get((Kind.TYPE, name)), "", ("resume",), title=name)


def _row(
    request: HttpRequest, kind: str, name: str, row: Control | None, says: str, acts: tuple[str, ...], *, title: str
) -> Row:
    mode = row.mode if row else ""
    word = {Mode.PAUSED: "paused", Mode.DRAINING: "held" if kind == Kind.TYPE else "draining"}.get(
        Mode(mode), "running"
    )
    colour = {"paused": "danger", "draining": "warning", "held": "warning"}.get(word, "success")
    why = f"{row.why} ({says})" if row and mode and says else row.why if row and mode else says
    return Row(
        title,
        word,
        colour,
        why,
        row.by if row else "",
        moment(row.at if row else None),
        _buttons(request, kind, name, acts),
    )


def _accounts(request: HttpRequest) -> list[Row]:
    rows = {row.account: row for row in account_settings.rows()}
    return [_account(request, each, rows[each.account]) for each in standings()]


def _account(request: HttpRequest, each: Any, row: AccountSetting) -> Row:
    rate = f"{each.rate:,}/s" if each.rate else "no limit"
    own = "" if each.rate == each.own_rate else f" (its own: {each.own_rate:,}/s)"
    colour = {"closed": "success", "half_open": "warning", "retry_after": "warning"}.get(each.state, "danger")
    says = ", ".join(part for part in (f"{each.channel}, {rate}{own}", each.paused) if part)
    acts = ("rate", *(() if row.paused else ("pause",)), *(() if each.state == breaker.CLOSED else ("resume",)))
    state = STATES[each.state]
    buttons = _buttons(request, ACCOUNT, each.account, acts)
    return Row(each.account, state, colour, says, row.changed_by, moment(row.changed_at), buttons)


def _buttons(request: HttpRequest, kind: str, name: str, acts: tuple[str, ...]) -> list[dict[str, Any]]:
    if not request.user.has_perm(PERMISSION[kind]):
        return []
    return [{"href": reverse("admin:control", args=[kind, name, act]), "says": ACTS[kind, act].button} for act in acts]
