"""Idempotency keys of one call's items: which are ours to produce, and what the others are told (contract §2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from foundation.errors import Refused
from foundation.identifiers import new_notification_id, notification_ids
from notifications import idempotency
from notifications.estimates import estimate
from notifications.reserving import Ask, Reservation, State
from notifications.sending import Accepted, SendRequest
from notifications.validation import Plan


class Call(msgspec.Struct, frozen=True):
    """The Idempotency-Key of a whole call: the id reserved with it, and whether the call was begun before."""

    key: str
    first_id: str
    again: bool


class Keyed:
    """The items of one call with their ids. `settled`: those not to be produced, with what they are told."""

    def __init__(self, requests: Sequence[SendRequest], plans: Sequence[Plan | None], token_id: str, now: int) -> None:
        self.settled: dict[int, Accepted | Refused] = {}
        self.ids: list[str] = []
        self.again: set[int] = set()
        self._requests, self._plans, self._token_id, self._now = requests, plans, token_id, now
        self._asks: dict[int, Ask] = {}

    def reserve(self, call: Call | None) -> None:
        """Fixes the ids and asks for all keys: one round trip, and one more for a call's own."""
        count = len(self._requests)
        self.ids = notification_ids(call.first_id if call else new_notification_id(), count)
        own = [index for index, request in enumerate(self._requests) if request.idempotency_key is not None]
        if own:
            asks = [self._ask(index, self._requests[index].idempotency_key or "") for index in own]
            self._settle(own, idempotency.reserve(asks, now=self._now))
        if call is not None:
            self._look_for(call, [i for i in range(count) if self._requests[i].idempotency_key is None])

    def mark(self, index: int) -> str | None:
        """What the record carries, for the router and the time after Redis was wiped."""
        ask = self._asks.get(index)
        return idempotency.mark(ask) if ask else None

    def answer(self, answers: dict[int, Accepted]) -> None:
        """Stores the answers of what was produced under keys of their own."""
        idempotency.answer(
            (self._asks[index], answer.notification_id, ",".join(answer.estimated_channels))
            for index, answer in answers.items()
            if self._requests[index].idempotency_key is not None
        )

    def release(self, indexes: Iterable[int]) -> None:
        """Lets repeats try at once: producing these failed."""
        own = (index for index in indexes if self._requests[index].idempotency_key is not None)
        idempotency.release((self._asks[index], self.ids[index]) for index in own)

    def _look_for(self, call: Call, indexes: list[int]) -> None:
        """Items under the call's key: Redis knows the call, and SQL each item by a key derived from it."""
        self.again.update(indexes if call.again else ())
        taken = [index for index in indexes if self._plans[index]]
        asks = [self._ask(index, f"{call.key}\0{index}") for index in taken]
        self._settle(taken, idempotency.known(asks))

    def _ask(self, index: int, name: str) -> Ask:
        """A refused item (no plan) only looks: the repeat of what was once taken gets its first answer all the same."""
        body = msgspec.structs.replace(self._requests[index], idempotency_key=None)
        key, id_ = idempotency.key_digest(self._token_id, name), self.ids[index] if self._plans[index] else ""
        ask = self._asks[index] = Ask(key, idempotency.body_digest(body), id_)
        return ask

    def _settle(self, indexes: Sequence[int], reservations: Sequence[Reservation]) -> None:
        reserved: set[str] = set()
        for index, its in zip(indexes, reservations, strict=True):
            repeats_an_earlier_item = its.state is State.IN_FLIGHT and its.notification_id in reserved
            if its.state is State.ANSWERED or repeats_an_earlier_item:
                self.settled[index] = self._first_answer(index, its)
            elif refusal := idempotency.refusal(its, now=self._now):
                self.settled[index] = refusal
            elif self._plans[index]:
                self.ids[index] = its.notification_id
                reserved.add(its.notification_id)
                self.again.update((index,) if its.state is State.AGAIN else ())

    def _first_answer(self, index: int, its: Reservation) -> Accepted:
        plan = self._plans[index]
        if its.answer is None and plan is not None:  # known from SQL alone, which keeps no answers
            channels = estimate([(self._requests[index], plan)], now=self._now)[0]
        else:
            channels = its.answer.split(",") if its.answer else []
        return Accepted(its.notification_id, "accepted", channels)
