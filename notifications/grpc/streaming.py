"""SendBatch: what lies waiting on a stream is accepted together, a response for each request, in order.

What comes next is read while the last is made durable. A token over its rate is slowed down rather than refused, as
long as that is a matter of seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import chain, islice
from typing import Any

import msgspec

from foundation.clock import now_ms
from foundation.errors import InvalidRequest, RateLimited, Refused
from notifications.accept import MAX_ITEMS, Result
from notifications.api.problems import as_refused
from notifications.calls import Item, accept_call, accept_items
from notifications.grpc import telling
from notifications.grpc.caller import Caller, InThread
from notifications.grpc.inflow import Inflow
from notifications.grpc.proto.notifications.v1 import notification_service_pb2 as pb
from notifications.grpc.reading import item, parsed

SLOWED_MAX_S = 5.0

Call = list[Item]  # one SendBatchRequest's notifications


class Group(msgspec.Struct):
    """Some requests of a stream, read; `refusal`: of the one after them, which ends the stream."""

    calls: list[Call]
    refusal: Refused | None = None


class Streaming:
    """One call of SendBatch."""

    def __init__(self, caller: Caller, inflow: Inflow, context: Any, in_thread: InThread) -> None:
        self._caller, self._inflow, self._context, self._in_thread = caller, inflow, context, in_thread
        self._answered = 0

    async def run(self) -> None:
        """Returns at the stream's end. Raises Refused for a request that ends it; those before it are answered."""
        ahead = asyncio.create_task(self._read())
        try:
            while group := await ahead:
                ahead = asyncio.create_task(self._read())
                for calls in portions(group.calls):
                    for answer in await self._accept(calls):
                        await self._context.write(answer)
                if group.refusal:
                    raise group.refusal
        finally:
            ahead.cancel()

    async def _read(self) -> Group | None:
        raws = await self._inflow.take()
        return await self._in_thread(read, raws) if raws else None

    async def _accept(self, calls: Sequence[Call]) -> list[bytes]:
        if self._caller.key is not None:
            return [await self._keyed(call) for call in calls]
        return await self._patiently(accept_together, calls, self._caller)

    async def _keyed(self, call: Call) -> bytes:
        """A request under the stream's key: its own is the key with its place."""
        self._answered += 1
        answers: list[bytes] = await self._patiently(accept_one_call, call, self._caller, self._answered)
        return answers[0]

    async def _patiently(self, accept: Any, calls: Any, *rest: Any) -> list[bytes]:
        while True:
            try:
                found: list[bytes] = await self._in_thread(accept, calls, *rest)
                return found
            except RateLimited as limited:
                wait = limited.retry_after or 0.0
                if wait > SLOWED_MAX_S:
                    return refused([calls] if accept is accept_one_call else calls, limited)
            await asyncio.sleep(wait)


def read(raws: Sequence[bytes]) -> Group:
    """The requests, up to the first that is none."""
    group = Group([])
    for raw in raws:
        try:
            notifications = parsed(pb.SendBatchRequest, raw).notifications
            if not 0 < len(notifications) <= MAX_ITEMS:
                raise _about_size()
        except InvalidRequest as refusal:
            group.refusal = refusal
            return group
        group.calls.append([item(each) for each in notifications])
    return group


def portions(calls: Sequence[Call]) -> list[list[Call]]:
    """Calls together as far as they hold no more than MAX_ITEMS notifications."""
    found: list[list[Call]] = []
    room = 0
    for call in calls:
        if len(call) > room:
            found.append([])
            room = MAX_ITEMS
        found[-1].append(call)
        room -= len(call)
    return found


def accept_together(calls: Sequence[Call], caller: Caller) -> list[bytes]:
    """A response for each of the calls, accepted as one batch. Raises RateLimited."""
    try:
        results = iter(accept_items(list(chain(*calls)), caller.token, now=now_ms(), trace=caller.trace))
    except RateLimited:
        raise
    except Exception as error:
        return refused(calls, _refusal_of(error))
    return [_encoded(list(islice(results, len(call)))) for call in calls]


def accept_one_call(call: Call, caller: Caller, place: int) -> list[bytes]:
    """The response to the stream's request at `place` under the stream's idempotency key. Raises RateLimited, and
    Conflict or Unprocessable for the key, which end the stream."""
    body = [each.detail if isinstance(each, Refused) else each for each in call]
    key = f"{caller.key}\0{place}"
    try:
        return [_encoded(accept_call(call, caller.token, now=now_ms(), key=key, body=body, trace=caller.trace))]
    except Refused:
        raise
    except Exception as error:
        return refused([call], _refusal_of(error))


def refused(calls: Sequence[Call], refusal: Refused) -> list[bytes]:
    """Responses that refuse everything with the same words; what could not be read keeps its own."""
    return [_encoded([each if isinstance(each, Refused) else refusal for each in call]) for call in calls]


def _refusal_of(error: Exception) -> Refused:
    refusal = as_refused(error)
    if refusal is None:
        raise error
    return refusal


def _encoded(results: list[Result]) -> bytes:
    return telling.batch(results).SerializeToString()


def _about_size() -> InvalidRequest:
    return InvalidRequest(
        f"A request holds 1 to {MAX_ITEMS} notifications.",
        field="notifications",
        code="batch_size",
        remedy=f"Split it into requests of at most {MAX_ITEMS}.",
    )
