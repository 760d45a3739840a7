"""The sentences people read behind a verdict, made once where they don't depend on the user."""

from __future__ import annotations

from preferences.channels import CHANNELS, LABELS
from preferences.facts import PreferenceCell, Profile, QuietHours, TypeFacts

_PERIODS = {60: "minute", 3600: "hour", 86_400: "day", 604_800: "week"}


def _name(channel: str) -> str:
    label = LABELS.get(channel, channel)
    return label[:1].upper() + label[1:]


def _each(sentence: str) -> dict[str, str]:
    return {channel: sentence.format(_name(channel)) for channel in CHANNELS}


ON = {
    "default": _each("{} is on unless the user turns it off."),
    "preference": _each("The user turned {} on."),
    "mandatory": _each("{} is on because this is a security notification, which can't be turned off."),
    "in_app_always_on": _each("{} is always on: no preference turns it off."),
}
ON_SETTING = {
    "default": {channel: f"default {channel}/on" for channel in CHANNELS},
    "mandatory": {channel: "mandatory type" for channel in CHANNELS},
    "in_app_always_on": {channel: "in-app always on" for channel in CHANNELS},
}
NOT_OPTED_IN = "SMS goes only to users who asked for it, and this one hasn't."
NOT_OPTED_IN_SETTING = "default sms/off"
ERASED = "The user's data was erased."
EXPIRED = "It expired before it could be decided."
NO_ADDRESS = {
    "in_app": "",
    "push": "The user has no device registered.",
    "email": "The user has no email address.",
    "sms": "The user has no phone number.",
}
NOT_REGISTERED = "Nobody has registered this user, so there is no address."
INVALID = {
    "push": "The provider reported every device of the user as gone.",
    "email": "The provider reported the user's email address as dead.",
    "sms": "The provider reported the user's phone number as dead.",
}
SUPPRESSED = {
    "push": "Every device of the user is on the suppression list.",
    "email": "The user's email address is on the suppression list (bounce, complaint or by hand).",
    "sms": "The user's phone number is on the suppression list (STOP, complaint or by hand).",
}
SMS_GUARD = {
    "sms_prefix": "More SMS than {figure} were asked for to numbers {whose}, which may be SMS pumping; it isn't sent.",
    "sms_one_user": "More SMS than {figure} were asked for to {whose}, which may be SMS pumping; it isn't sent.",
}
SMS_GUARD_SETTING = {"sms_prefix": "SMS_PER_PREFIX", "sms_one_user": "SMS_PER_USER"}
SCHEDULED = "It waits for the time the sender asked for."


def no_address(channel: str, profile: Profile) -> str:
    """Why there is nowhere to send to."""
    return NO_ADDRESS.get(channel, "There is no such channel.") if profile.known else NOT_REGISTERED


def country_refused(facts: TypeFacts, country: str) -> tuple[str, str]:
    """Sentence and setting of a drop because the type's SMS don't go to a number's country."""
    where = f"to {country}" if country else "to a number of no country"
    allowed = ", ".join(facts.sms_countries)
    return f"SMS of {facts.name} don't go {where}; they go to {allowed}.", f"SMS countries of {facts.name}"


def not_a_channel(facts: TypeFacts, channel: str) -> str:
    """The type has nothing for a channel the sender asked for."""
    return (
        f"{facts.name} doesn't go out by {LABELS.get(channel, channel)}; its channels are {', '.join(facts.channels)}."
    )


def opted_out(channel: str, cell: PreferenceCell, type_name: str) -> str:
    """Which of the user's own choices turned it off."""
    what = "everything" if cell.scope == "*" else cell.scope if cell.scope == type_name else f"all of {cell.scope}"
    return f"The user turned {LABELS.get(channel, channel)} off for {what}."


def preference_setting(cell: PreferenceCell) -> str:
    """The row behind a verdict: `preference order_updates/push`."""
    return f"preference {cell.scope}/{cell.channel}"


def quiet(quiet_hours: QuietHours, zone: str) -> tuple[str, str]:
    """Sentence and setting of a deferral by quiet hours."""
    span = f"{quiet_hours.start}-{quiet_hours.end} {zone}"
    return f"The user's quiet hours ({span}) are on; it goes out when they end.", f"quiet hours {span}"


def limit_figure(count: int, seconds: int) -> str:
    """`20/hour`, `5/90 s`."""
    return f"{count}/{_PERIODS.get(seconds, f'{seconds} s')}"


def rate_limited(channel: str, limit: str, figure: str) -> tuple[str, str]:
    """Sentence and setting of a drop by a per-user limit."""
    return f"The user's limit for {LABELS.get(channel, channel)} ({figure}) is used up.", f"limit {limit} {figure}"
