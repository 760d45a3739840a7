"""A condition in English: what a list of segments, an approval or a receipt says of it. Pure."""

from __future__ import annotations

from preferences.channels import LABELS
from preferences.segments import conditions
from preferences.segments.conditions import AllOf, AnyOf, Attribute, Node, Not, Scalar

EVERYBODY, NOBODY = "everybody", "nobody"
PLATFORMS = {"": "device", "apns": "Apple device", "fcm": "Android device", "web": "browser"}
FACTS = {"sent": "was sent", "engaged": "read, opened or clicked", "failed": "missed by a failure"}

DENIED = (
    ("was ", "was not "),
    ("reads ", "doesn't read "),
    ("lives in ", "doesn't live in "),
    ("can be ", "can't be "),
    ("has a ", "has no "),
    ("is in ", "isn't in "),
    ("is on ", "isn't on "),
)
"""How a part that begins with the one is denied."""


def in_words(node: Node) -> str:
    """For example “reads de and was active in the last 30 days”."""
    return _said(node, inner=False)


def _said(node: Node, *, inner: bool) -> str:
    if isinstance(node, AllOf | AnyOf):
        joint, of_none = (" and ", EVERYBODY) if isinstance(node, AllOf) else (" or ", NOBODY)
        if not node.of:
            return of_none
        text = joint.join(_said(part, inner=len(node.of) > 1) for part in node.of)
        return f"({text})" if inner and len(node.of) > 1 else text
    if isinstance(node, Not):
        return _denied(_said(node.of, inner=True), is_leaf=not isinstance(node.of, AllOf | AnyOf | Not))
    return _leaf(node)


def _denied(text: str, *, is_leaf: bool) -> str:
    for said, denied in DENIED if is_leaf else ():
        if text.startswith(said):
            return denied + text[len(said) :]
    return f"not {text}"


def _leaf(node: Node) -> str:
    match node:
        case Attribute():
            return _attribute(node)
        case conditions.Active(within_days=days):
            return f"was active {_within(days)}"
        case conditions.Registered(within_days=days):
            return f"was registered {_within(days)}"
        case conditions.Locale(any_of=values):
            return f"reads {_either(values)}"
        case conditions.TimeZone(any_of=values):
            return f"lives in {_either(values)}"
        case conditions.Reachable(channel=channel):
            return f"can be reached by {LABELS[channel]}"
        case conditions.HasDevice(platform=platform, within_days=days):
            return f"has a {PLATFORMS[platform]}" + (f" registered {_within(days)}" if days else "")
        case conditions.Delivered():
            return _delivered(node)
        case conditions.InSegment(name=name):
            return f"is in “{name}”"
        case conditions.InList(name=name):
            return f"is on the list “{name}”"
    raise TypeError(node)


def _attribute(node: Attribute) -> str:
    if node.op == "known":
        return f"{node.name} is known"
    if node.op == "one_of":
        return f"{node.name} is {_either(tuple(_shown(each) for each in node.values))}"
    verb = {"is": "is", "contains": "contains", "begins": "begins with", "at_least": "≥", "at_most": "≤"}[node.op]
    return f"{node.name} {verb} {_shown(node.value)}"


def _delivered(node: conditions.Delivered) -> str:
    what = _either(node.types) if node.types else "anything"
    by = f" by {LABELS[node.channel]}" if node.channel else ""
    when = f" {_within(node.within_days)}" if node.within_days else ""
    return f"{FACTS[node.fact]} {what}{by}{when}"


def _within(days: int | None) -> str:
    return "in the last day" if days == 1 else f"in the last {days} days"


def _either(values: tuple[str, ...]) -> str:
    return values[0] if len(values) == 1 else f"{', '.join(values[:-1])} or {values[-1]}"


def _shown(value: Scalar | None) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
