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
        return self._choice(record, send, ()) or account_of(self._channel, send.platform)

    def other(self, record: ChannelRecord, send: Send, shut_out: Collection[str]) -> str | None:
        """An account for a send that none of `shut_out` takes in this batch; None where no other takes sends now."""
        return self._choice(record, send, shut_out)

    def _choice(self, record: ChannelRecord, send: Send, shut_out: Collection[str]) -> str | None:
        candidates = carriers(self._channel, send.platform)
        left = [account for account in candidates if account.name not in shut_out]
        if len(candidates) < 2:
            return left[0].name if left else None
        return choose(left, self._shares, send.id, without=record.refused_by)

    @cached_property
    def _shares(self) -> dict[str, float]:
        found = breaker.standings(accounts_of(self._channel))
        return {account: standing.share for account, standing in found.items()}
