"""SMS pumping: somebody asks for codes to numbers that earn them money, range by range. Pure.

Two bounds hold it down, on every lane: the countries a type may go to, which `decide` looks at, and how many SMS one
block of numbers and one user get in a time (settings SMS_PER_PREFIX, SMS_PER_USER), which are counted with the per-user
limits, in the same round trip. They are no limits of contract §4: they are far above what people ask for, and so hold
for critical notifications too.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from preferences import wording
from preferences.decide import Limits
from preferences.facts import Verdict
from preferences.limits import LimitEntry
from preferences.phone_numbers import BLOCK_DIGITS, prefix_of

PREFIX, USER = "sms_prefix", "sms_one_user"


def entries(user: str, verdicts: Sequence[Verdict], *, id: str, now: int) -> list[LimitEntry]:
    """What an SMS that is to be sent counts towards: its number's block, and its user."""
    sent = [verdict for verdict in verdicts if verdict.channel == "sms" and verdict.verdict == "send"]
    blocks = dict.fromkeys(prefix_of(address.address) for verdict in sent for address in verdict.addresses)
    return [LimitEntry(block, PREFIX, id, now) for block in blocks] + [LimitEntry(user, USER, id, now)] * bool(sent)


def refuse(verdicts: Sequence[Verdict], over: Collection[str], limits: Limits) -> list[Verdict]:
    """`verdicts` with the SMS turned into the drop `rate_limited` where PREFIX or USER is in `over`."""
    names = [name for name in (PREFIX, USER) if name in over]
    if not names:
        return list(verdicts)
    return [
        _refused(verdict, names[0], limits) if (verdict.channel, verdict.verdict) == ("sms", "send") else verdict
        for verdict in verdicts
    ]


def _refused(verdict: Verdict, name: str, limits: Limits) -> Verdict:
    figure = wording.limit_figure(*limits[name])
    whose = verdict.addresses[0].address[:-BLOCK_DIGITS] + "x" * BLOCK_DIGITS if name == PREFIX else "one user"
    return msgspec.structs.replace(
        verdict,
        verdict="drop",
        reason="rate_limited",
        detail=wording.SMS_GUARD[name].format(whose=whose, figure=figure),
        setting=f"{wording.SMS_GUARD_SETTING[name]} {figure}",
        addresses=(),
        limit="",
    )
