"""Who gets what, and why not: contract §4 as one function over frozen values. No Django, no servers.

The order in which reasons are looked for, the first one found is the one recorded: erased, expired, type gone,
not a channel of the type, scheduled, no address, opted out, dead address, suppressed, country not
served, quiet hours. Limits come last and from outside, because they are counted for a whole batch at once:
`apply_limits`, `sms_guard.refuse`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from preferences import wording
from preferences.channels import ALWAYS_ON, ON_BY_DEFAULT
from preferences.facts import Address, Profile, Question, TypeFacts, Verdict
from preferences.phone_numbers import country_of
from preferences.precedence import ruling_cell
from preferences.quiet_hours import quiet_until

SEND, DROP, DEFER = "send", "drop", "defer"
FALLBACK = "fallback"
ERASED = "erased"

Limits = Mapping[str, tuple[int, int]]


def decide(question: Question, facts: TypeFacts | None, profile: Profile) -> tuple[Verdict, ...]:
    """One verdict for each channel that comes into question, in order.

    `facts` is None when the type is gone. A verdict to send names its limit; whoever asked counts it and calls
    `apply_limits`. A function of its arguments alone: `question.now` is its clock.
    """
    channels = candidates(question, facts)
    if profile.erased:
        return _all(channels, DROP, ERASED, wording.ERASED, "erasure")
    if question.expires_at is not None and question.expires_at <= question.now:
        return _all(channels, DROP, "expired", wording.EXPIRED, "expires_at")
    if facts is None:
        return _all(channels, DROP, "no_template", "The notification type is gone.", "type")
    if question.schedule_at is not None and question.schedule_at > question.now:
        return tuple(_scheduled(channel, question, facts) for channel in channels)
    return tuple([_decide_channel(channel, question, facts, profile) for channel in channels])


def candidates(question: Question, facts: TypeFacts | None) -> tuple[str, ...]:
    """The channels that get a verdict: what is being resumed, else what the sender asked for, else the type's own."""
    asked = question.only if question.only is not None else question.channels
    if asked is not None:
        return tuple(dict.fromkeys(asked))
    return facts.channels if facts is not None else ("in_app",)


def apply_limits(
    verdicts: Sequence[Verdict], over: Collection[str], limits: Limits | None = None
) -> tuple[Verdict, ...]:
    """`verdicts` with each send whose limit is in `over` turned into the drop `rate_limited`.

    `limits` (name to (count, seconds)) puts the figure into the sentence.
    """
    if not over:
        return tuple(verdicts)
    return tuple([_limited(verdict, limits or {}) if verdict.limit in over else verdict for verdict in verdicts])


def limit_of(channel: str, facts: TypeFacts) -> str:
    """The name of the per-user limit a delivery counts towards (contract §4)."""
    if channel == "email" and facts.marketing:
        return "email_marketing"
    if channel == "sms" and facts.two_factor:
        return "sms_two_factor"
    return channel


def _decide_channel(channel: str, question: Question, facts: TypeFacts, profile: Profile) -> Verdict:
    if not _offered(channel, question, facts):
        return _drop(channel, "no_template", wording.not_a_channel(facts, channel), f"channels of {facts.name}")
    addresses = addresses_of(channel, profile)
    if not addresses:
        return _drop(channel, "no_address", wording.no_address(channel, profile), "contact points")
    on = _switch(channel, facts, profile)
    if on.verdict == DROP:
        return on
    if channel in ALWAYS_ON:
        return _send(on, addresses, question, facts)
    usable = _usable(addresses, profile) if profile.invalid or profile.suppressed else addresses
    if not usable:
        return _unusable(channel, addresses, profile)
    if channel == "sms" and facts.sms_countries:
        country = country_of(profile.phone)
        if country not in facts.sms_countries:
            return _drop(channel, "country_not_allowed", *wording.country_refused(facts, country))
    quiet = profile.quiet_hours
    if quiet is not None and question.priority != "critical" and (channel != "email" or facts.marketing):
        due = quiet_until(quiet, profile.time_zone, question.now)
        if due is not None:
            detail, setting = wording.quiet(quiet, profile.time_zone)
            return Verdict(
                channel=channel, verdict=DEFER, reason="quiet_hours", detail=detail, setting=setting, due=due
            )
    return _send(on, usable, question, facts)


def _offered(channel: str, question: Question, facts: TypeFacts) -> bool:
    """An explicit `channels` narrows the type's own. What is resumed was let in then; a fallback is a new channel."""
    return channel in facts.channels or question.only is not None


def _switch(channel: str, facts: TypeFacts, profile: Profile) -> Verdict:
    """Whether the channel is on for this user, as a verdict still without addresses."""
    if facts.mandatory:
        return _ON["mandatory"][channel]
    if channel in ALWAYS_ON:
        return _ON["in_app_always_on"][channel]
    cell = None
    if profile.preferences:
        cell = ruling_cell(profile.preferences, type_name=facts.name, category=facts.category, channel=channel)
    if cell is None:
        return _ON["default"][channel] if channel in ON_BY_DEFAULT else _NOT_OPTED_IN
    setting = wording.preference_setting(cell)
    if cell.enabled:
        detail = wording.ON["preference"][channel]
        return Verdict(channel=channel, verdict=SEND, reason="preference", detail=detail, setting=setting)
    return _drop(channel, "opted_out", wording.opted_out(channel, cell, facts.name), setting)


def addresses_of(channel: str, profile: Profile) -> tuple[Address, ...]:
    """All addresses a user has on a channel, dead and suppressed ones too."""
    if channel == "in_app":
        return (Address(profile.user_id),)
    if channel == "email":
        return (Address(profile.email),) if profile.email else ()
    if channel == "sms":
        return (Address(profile.phone),) if profile.phone else ()
    if channel == "push":
        return tuple([Address(each.token, each.platform, each.id) for each in profile.devices])
    return ()


def _usable(addresses: tuple[Address, ...], profile: Profile) -> tuple[Address, ...]:
    invalid, suppressed = profile.invalid, profile.suppressed
    return tuple([each for each in addresses if each.address not in invalid and each.address not in suppressed])


def _unusable(channel: str, addresses: tuple[Address, ...], profile: Profile) -> Verdict:
    if any(each.address in profile.suppressed for each in addresses):
        return _drop(channel, "suppressed", wording.SUPPRESSED[channel], "suppression list")
    return _drop(channel, "invalid_address", wording.INVALID[channel], "contact points")


def _send(on: Verdict, addresses: tuple[Address, ...], question: Question, facts: TypeFacts) -> Verdict:
    return Verdict(
        channel=on.channel,
        verdict=SEND,
        reason=on.reason,
        detail=on.detail,
        setting=on.setting,
        addresses=addresses,
        limit="" if question.priority == "critical" else limit_of(on.channel, facts),
    )


def _scheduled(channel: str, question: Question, facts: TypeFacts) -> Verdict:
    if not _offered(channel, question, facts):
        return _drop(channel, "no_template", wording.not_a_channel(facts, channel), f"channels of {facts.name}")
    return Verdict(
        channel=channel,
        verdict=DEFER,
        reason="scheduled",
        detail=wording.SCHEDULED,
        setting="schedule_at",
        due=question.schedule_at,
    )


def _limited(verdict: Verdict, limits: Limits) -> Verdict:
    figure = wording.limit_figure(*limits[verdict.limit]) if verdict.limit in limits else verdict.limit
    detail, setting = wording.rate_limited(verdict.channel, verdict.limit, figure)
    return _drop(verdict.channel, "rate_limited", detail, setting)


def _all(channels: tuple[str, ...], verdict: str, reason: str, detail: str, setting: str) -> tuple[Verdict, ...]:
    return tuple(
        [Verdict(channel=each, verdict=verdict, reason=reason, detail=detail, setting=setting) for each in channels]
    )


def _drop(channel: str, reason: str, detail: str, setting: str) -> Verdict:
    return Verdict(channel=channel, verdict=DROP, reason=reason, detail=detail, setting=setting)


_ON = {
    reason: {
        channel: Verdict(
            channel=channel, verdict=SEND, reason=reason, detail=wording.ON[reason][channel], setting=setting
        )
        for channel, setting in settings.items()
    }
    for reason, settings in wording.ON_SETTING.items()
}
_NOT_OPTED_IN = _drop("sms", "opted_out", wording.NOT_OPTED_IN, wording.NOT_OPTED_IN_SETTING)
