"""The form a broadcast is written with: what it asks becomes a BroadcastRequest and goes through acceptance."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
from django import forms
from django.urls import reverse
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from foundation.clock import now_ms, to_rfc3339
from foundation.errors import Refused
from foundation.identifiers import new_broadcast_id
from notifications.broadcasts import acceptance, filling
from notifications.broadcasts.models import Broadcast
from notifications.broadcasts.request import RATE_MAX, REPEATS, BroadcastRequest
from notifications.credentials import TokenFacts
from preferences.channels import LABELS
from preferences.models import Segment
from templates_app.models import NotificationType

ADMIN = TokenFacts(id="", kind="admin", scopes=frozenset({"broadcast"}))
"""Whoever is signed in may send what the types allow, and raises no priority."""
# Where acceptance names a field of the request, the form's own.
_FIELDS = {
    "type": "type",
    "target.segment": "segment",
    "channels": "channels",
    "data": "variables",
    "schedule_at": "schedule_at",
    "throttle.rate": "rate",
    "priority": "type",
}
_NOBODY, _NOTHING = ("", "Who is to get it?"), ("", "What is to be said?")
_REPEATS = [("", "once"), *[(each, each) for each in REPEATS]]


class _Variables(forms.JSONField):
    """JSON as people write it: nothing is nothing, and it is indented."""

    def prepare_value(self, value: Any) -> Any:
        return "" if value is None else json.dumps(value, indent=2) if isinstance(value, dict) else value


class BroadcastForm(forms.Form):
    """A new broadcast, or a draft that is changed."""

    name = forms.CharField(
        max_length=120,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "Spring sale, first wave"}),
        help_text="What you and your colleagues call it. Recipients never see it.",
    )
    segment = forms.ChoiceField(widget=UnfoldAdminSelectWidget, help_text="Who gets it.")
    type = forms.ChoiceField(
        label="Notification type",
        widget=UnfoldAdminSelectWidget(attrs={"hx-target": "#variables"}),
        help_text="Its published words go out.",
    )
    variables = _Variables(
        label="Data of the words, as JSON",
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 5, "spellcheck": "false", "style": "font-family: monospace"}),
        help_text='What the type\'s words show: {"title": "Hello"}.',
    )
    channels = forms.MultipleChoiceField(
        choices=list(LABELS.items()),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="None chosen: the type's own.",
    )
    rate = forms.IntegerField(
        label="Recipients a second",
        min_value=0,
        max_value=RATE_MAX,
        initial=1_000,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Can be changed while it runs. 0: as fast as the channels take it.",
    )
    schedule_at = forms.SplitDateTimeField(
        label="Not before",
        required=False,
        widget=UnfoldAdminSplitDateTimeWidget,
        help_text="UTC. Empty: as soon as it is approved.",
    )
    local_time = forms.RegexField(
        r"^([01]\d|2[0-3]):[0-5]\d$",
        label="At this time where each user is",
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "09:00"}),
        help_text="Each user gets it when it is this time in their time zone.",
    )
    repeats = forms.ChoiceField(choices=_REPEATS, required=False, widget=UnfoldAdminSelectWidget)
    canary_percent = forms.FloatField(
        label="Try it on a few first, %",
        min_value=0,
        max_value=50,
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal", "placeholder": "1"}),
        help_text="These go out first; too many failures, bounces, complaints or opt-outs among them halt the rest.",
    )
    canary_hold_s = forms.IntegerField(
        label="and look at them for, seconds",
        min_value=0,
        max_value=86_400,
        required=False,
        initial=600,
        widget=UnfoldAdminIntegerFieldWidget,
    )

    def __init__(self, *args: Any, by: str, row: Broadcast | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by, self.row = by, row
        segments = Segment.objects.order_by("name").values_list("name", "description")
        names = [(name, f"{name} – {about}" if about else name) for name, about in segments]
        types = NotificationType.objects.exclude(priority="critical").order_by("name").values_list("name", flat=True)
        self.fields["segment"].choices = [_NOBODY, *names]  # type: ignore[attr-defined]
        self.fields["type"].choices = [_NOTHING, *((name, name) for name in types)]  # type: ignore[attr-defined]
        self.fields["type"].widget.attrs["hx-get"] = reverse("admin:broadcasts_variables")
        self.asked = filling.fields(self["type"].value() or "")
        self.fields |= self.asked
        named, rest = filling.split(self.initial.get("variables") or {}, self.asked)
        self.initial.update(named, variables=rest or None)

    def of_the_words(self) -> list[Any]:
        """What the type's words show: a field for each variable; JSON for a type that declares none."""
        value = self["variables"].value()
        more = [self["variables"]] if not self.asked or value not in (None, "") else []
        return [*(self[name] for name in self.asked), *more]

    def clean(self) -> dict[str, Any]:
        """Asks acceptance, which knows what may be sent; its refusals stand at their fields."""
        values = super().clean() or self.cleaned_data
        if self.errors:
            return values
        try:
            self.made = acceptance.made(
                self._request(values),
                ADMIN,
                id=self.row.pk if self.row else new_broadcast_id(),
                by=self.by,
                now=now_ms(),
            )
        except (Refused, msgspec.ValidationError) as error:
            field = self._field_of(getattr(error, "field", None) or "")
            detail = error.detail if isinstance(error, Refused) else str(error)
            self.add_error(field, f"{detail} {getattr(error, 'remedy', '') or ''}".strip())
        return values

    def _field_of(self, named: str) -> str | None:
        first, _, inner = named.partition(".")
        variable = f"{filling.PREFIX}{inner.partition('.')[0].partition('[')[0]}"
        if first == "data":
            return variable if variable in self.asked else "variables"
        return _FIELDS.get(named)

    def keep(self) -> Broadcast:
        """The draft, kept. Raises ControlPlaneUnavailable."""
        if self.row is None:
            acceptance.keep(self.made)
        else:
            self.made.created_at = self.row.created_at
            self.made.save(force_update=True)
        return self.made

    def _request(self, values: dict[str, Any]) -> BroadcastRequest:
        at, percent = values["schedule_at"], values["canary_percent"]
        asked = {
            "name": values["name"],
            "type": values["type"],
            "target": {"type": "segment", "segment": values["segment"]},
            "data": {**(values["variables"] or {}), **filling.values(values, self.asked)},
            "channels": values["channels"] or None,
            "throttle": {"rate": values["rate"]},
            "schedule_at": to_rfc3339(round(at.timestamp() * 1_000)) if at else None,
            "local_time": values["local_time"] or None,
            "repeats": values["repeats"] or None,
            "canary": {"percent": percent, "hold_s": values["canary_hold_s"] or 0} if percent else None,
        }
        return msgspec.convert(asked, BroadcastRequest)


def initial_of(row: Broadcast) -> dict[str, Any]:
    """A broadcast as the form shows it: for changing a draft, or copying one."""
    canary = row.canary or {}
    return {
        **{name: getattr(row, name) for name in ("name", "segment", "type", "channels", "rate")},
        **{name: getattr(row, name) for name in ("local_time", "repeats")},
        "variables": row.data,
        "schedule_at": datetime.fromtimestamp(row.schedule_at / 1_000, UTC) if row.schedule_at else None,
        "canary_percent": canary.get("percent"),
        "canary_hold_s": canary.get("hold_s", 600),
    }


class WhyForm(forms.Form):
    """Why a proposal is sent back."""

    why = forms.CharField(max_length=200, widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "What is to change"}))
