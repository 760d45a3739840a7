"""`decide` for many who are asked the same: the same settings lead to the same verdicts, worked out once.

A verdict depends on a profile's settings and on whether there is an address, not on which. Profiles with a dead or a
suppressed address are decided one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

import msgspec

from preferences.decide import addresses_of, decide
from preferences.facts import Address, Profile, Question, TypeFacts, Verdict
from preferences.phone_numbers import country_of

Addresses = Callable[[Profile], tuple[Address, ...]]


class Alike:
    """Verdicts for one question, asked of many. What it returns of verdicts holds no addresses: see `addresses`."""

    def __init__(self, question: Question, facts: TypeFacts | None) -> None:
        self._question, self._facts = question, facts
        self._by_country = bool(facts and facts.sms_countries)
        self._known: dict[Hashable, tuple[Verdict, ...]] = {}

    def key(self, profile: Profile) -> Hashable:
        """Profiles of one key have the same verdicts, word for word."""
        if profile.invalid or profile.suppressed:
            return profile.user_id, None
        quiet = profile.quiet_hours
        return (
            profile.known,
            profile.erased,
            profile.email != "",
            country_of(profile.phone) if self._by_country and profile.phone else profile.phone != "",
            profile.devices != (),
            profile.preferences,
            quiet and (quiet, profile.time_zone),
        )

    def verdicts(self, key: Hashable, profile: Profile) -> tuple[Verdict, ...]:
        """The verdicts of `key`; `profile` is any that has it."""
        found = self._known.get(key)
        if found is None:
            decided = decide(self._question, self._facts, profile)
            found = self._known[key] = tuple([msgspec.structs.replace(each, addresses=()) for each in decided])
        return found

    def addresses(self, channel: str, profile: Profile) -> tuple[Address, ...]:
        """Where a verdict to send goes to."""
        found = addresses_of(channel, profile)
        if not profile.invalid and not profile.suppressed:
            return found
        dead = profile.invalid | profile.suppressed
        return tuple([each for each in found if each.address not in dead]) if channel != "in_app" else found
