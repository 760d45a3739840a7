"""Sends that come at the same time are accepted together, as web's posts are (`notifications.together`).

For each token one batch is under way at a time; what comes meanwhile is the next one: one hop into a thread, one look
into Redis and one durable write for all of them. At rest nobody waits for company; right after a batch that had some,
calls gather for GATHER_S.

Who no longer waits (deadline, cancelled) before his batch began isn't accepted; after that he is, and a repeat under
the same key gets the same id.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from foundation.clock import now_ms
from foundation.errors import RateLimited
from notifications import rate
from notifications.accept import MAX_ITEMS, Result, accept_charged
from notifications.credentials import TokenFacts
from notifications.grpc.caller import InThread
from notifications.sending import Accepted, SendRequest

GATHER_S = 0.002  # a flush costs what dozens of events do; who was just answered is about to call again


class _Post:
    """A call that waits for its result, or for the error that its batch met."""

    __slots__ = ("answer", "request", "trace")

    def __init__(self, request: SendRequest, trace: str) -> None:
        self.request = request
        self.trace = trace
        self.answer: asyncio.Future[Result | Exception] = asyncio.get_running_loop().create_future()


class Gathering:
    """One event loop's posts. `in_thread` runs a function that waits for servers."""

    def __init__(self, in_thread: InThread) -> None:
        self._in_thread = in_thread
        self._waiting: dict[TokenFacts, deque[_Post]] = {}
        self._leads: set[asyncio.Task[None]] = set()

    async def accept(self, request: SendRequest, token: TokenFacts, trace: str) -> Accepted:
        """Takes one event; what it returns is durable. Raises the Refused that it is told, and what `accept` raises."""
        post = _Post(request, trace)
        if token in self._waiting:
            self._waiting[token].append(post)
        else:
            self._waiting[token] = deque([post])
            lead = asyncio.create_task(self._lead(token))
            self._leads.add(lead)
            lead.add_done_callback(self._leads.discard)
        result = await post.answer
        if isinstance(result, Exception):
            raise result
        return result

    async def settled(self) -> None:
        """Returns when no batch is under way."""
        await asyncio.gather(*self._leads)

    async def _lead(self, token: TokenFacts) -> None:
        waiting = self._waiting[token]
        try:
            while waiting:
                taken = [waiting.popleft() for _ in range(min(len(waiting), MAX_ITEMS))]
                await self._answer([post for post in taken if not post.answer.done()], token)
                if len(taken) > 1:
                    await asyncio.sleep(GATHER_S)
        finally:
            del self._waiting[token]

    async def _answer(self, posts: list[_Post], token: TokenFacts) -> None:
        results: Sequence[Result | Exception]
        try:
            requests, traces = [post.request for post in posts], [post.trace for post in posts]
            results = await self._in_thread(_take, requests, token, traces) if posts else []
        except Exception as error:  # each of them has to hear of it
            results = [error] * len(posts)
        for post, result in zip(posts, results, strict=True):
            if not post.answer.done():
                post.answer.set_result(result)


def _take(requests: Sequence[SendRequest], token: TokenFacts, traces: Sequence[str]) -> list[Result]:
    """What the token's rate allows of them is accepted, the rest refused with the same words."""
    allowed = 0
    refusal: RateLimited | None = None
    while allowed < len(requests) and refusal is None:
        try:
            rate.charge(token, 1)
            allowed += 1
        except RateLimited as limited:
            refusal = limited
    going = accept_charged(requests[:allowed], token, now=now_ms(), traces=traces[:allowed]) if allowed else []
    return going + [refusal] * (len(requests) - allowed) if refusal else going
