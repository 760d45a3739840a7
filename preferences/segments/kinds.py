"""The kinds of conditions as the form offers them: a sentence with blanks, each blank a field. One table.

A row reads as English: [was active] [in the last] __ [days]. `as_it_is` and `negated` are its two verbs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from preferences.channels import CHANNELS, LABELS
from preferences.models import Segment, StaticList
from preferences.models.user import PLATFORMS

Choices = tuple[tuple[str, str], ...]


class Field(NamedTuple):
    """A blank. `widget`: "select" (with `choices`), "text", "number"; `before` and `after` are the words around it,
    `suggest` names a list of suggestions for a text.
    """

    name: str
    label: str
    widget: str = "text"
    before: str = ""
    after: str = ""
    placeholder: str = ""
    choices: Choices | Callable[[], Choices] = ()
    suggest: str = ""


class Kind(NamedTuple):
    """One kind: what it is called in the list of kinds, its two verbs, and its blanks."""

    label: str
    as_it_is: str
    negated: str
    fields: tuple[Field, ...]


OPERATIONS = (
    ("is", "is"),
    ("one_of", "is one of"),
    ("contains", "contains"),
    ("begins", "begins with"),
    ("at_least", "is at least"),
    ("at_most", "is at most"),
    ("known", "is known at all"),
)
WITHIN = Field("days", "Days", "number", before="in the last", after="days")
WITHIN_OR_EVER = Field("days", "Days", "number", before="in the last", after="days", placeholder="ever")


def _segments() -> Choices:
    return _names("a segment", Segment.objects.order_by("name").values_list("name", flat=True))


def _lists() -> Choices:
    return _names("a list", StaticList.objects.order_by("name").values_list("name", flat=True))


def _names(what: str, names: Any) -> Choices:
    return (("", f"choose {what}"), *((name, name) for name in names))


def _labelled(names: tuple[str, ...], any_of: str = "") -> Choices:
    first = (("", any_of),) if any_of else ()
    return (*first, *((name, LABELS[name]) for name in names))


KINDS: Mapping[str, Kind] = {
    "attribute": Kind(
        "Attribute",
        "where",
        "unless",
        (
            Field("name", "Attribute", placeholder="plan", suggest="attributes"),
            Field("op", "Comparison", "select", choices=OPERATIONS),
            Field("value", "Value", placeholder="pro"),
        ),
    ),
    "active": Kind("Activity", "was active", "was not active", (WITHIN,)),
    "registered": Kind("Registration", "was registered", "was not registered", (WITHIN,)),
    "locale": Kind(
        "Language", "reads", "doesn't read", (Field("values", "Languages", placeholder="de, en-GB", suggest="locales"),)
    ),
    "time_zone": Kind(
        "Time zone",
        "lives in",
        "doesn't live in",
        (Field("values", "Time zones", placeholder="Europe/Berlin, Europe/Vienna", suggest="time_zones"),),
    ),
    "reachable": Kind(
        "Reach",
        "can be reached by",
        "can't be reached by",
        (Field("channel", "Channel", "select", choices=_labelled(CHANNELS[1:])),),
    ),
    "device": Kind(
        "Device",
        "has a device of",
        "has no device of",
        (
            Field("platform", "Platform", "select", choices=(("", "any platform"), *PLATFORMS.items())),
            Field("days", "Days", "number", before="registered in the last", after="days", placeholder="ever"),
        ),
    ),
    "delivery": Kind(
        "Past deliveries",
        "has",
        "hasn't",
        (
            Field(
                "fact",
                "What came of it",
                "select",
                choices=(
                    ("sent", "been sent"),
                    ("engaged", "read, opened or clicked"),
                    ("failed", "missed by a failure"),
                ),
            ),
            Field("types", "Notifications", placeholder="anything", suggest="types"),
            Field("channel", "Channel", "select", before="by", choices=_labelled(CHANNELS, "any channel")),
            WITHIN_OR_EVER,
        ),
    ),
    "segment": Kind("Segment", "is in", "isn't in", (Field("name", "Segment", "select", choices=_segments),)),
    "list": Kind("Static list", "is on", "isn't on", (Field("name", "List", "select", choices=_lists),)),
}
GROUP = "group"
FIRST = "attribute"
JOINS = {"all": "all of these", "any": "any of these"}
