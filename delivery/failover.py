"""The accounts a batch's sends go over, by their standing when the batch began (delivery/choosing.py)."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property

from delivery import breaker
from delivery.choosing import choose
from delivery.providers.registry import account_of, accounts_of, carriers
from notifications.records import ChannelRecord, Send


class Traffic:
    """One batch's view of a channel's accounts. Asks Redis once, and only where there is a choice."""

    def __init__(self, channel: str) -> None:
        self._channel = channel

    def account(self, record: ChannelRecord, send: Send) -> str:
        """The account for a send of `record`; where all are shut the one that is usually first."""
        return self._choice(send, record.refused_by) or account_of(self._channel, send.platform)

    def other(self, send: Send, without: Collection[str]) -> str | None:
        """Another account for a send that none of `without` has taken; None where no other takes sends now."""
        found = self._choice(send, without)
        return None if found in without else found

    def _choice(self, send: Send, without: Collection[str]) -> str | None:
        candidates = carriers(self._channel, send.platform)
        if len(candidates) < 2:
            return candidates[0].name if candidates else None
        return choose(candidates, self._shares, send.id, without=without)

    @cached_property
    def _shares(self) -> dict[str, float]:
        found = breaker.standings(accounts_of(self._channel))
        return {account: standing.share for account, standing in found.items()}
