"""The load: services that post as real ones do, in an event loop of a thread of its own.

What is refused (503, 429, 409) is posted again after its Retry-After, with its key; what isn't answered at all
likewise, if it has a key. Without one its sender gives up: whether it was taken nobody knows, both is right.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack

import httpx

from foundation.clock import now_ms
from tests.faults.events import Event, Source

BATCH = 20
BATCHES_A_S, SINGLES_A_S = 10, 40
TICKS_A_S = 10
TIMEOUT_S = 8.0
# The services' instances, each with connections of its own: a client's pool looks at all it has at every request, so
# one with hundreds waits for itself.
INSTANCES, CONNECTIONS_EACH = 10, 20
PAUSE_S = (0.2, 2.0)  # between two tries of one client
GIVEN_UP_AFTER_S = 120.0
RATE = BATCH * BATCHES_A_S + SINGLES_A_S


class Load(threading.Thread):
    """Posts RATE events a second until `finish`. `tokens` by their names in demo.env; `first`: its first serial."""

    def __init__(self, api: str, tokens: dict[str, str], users: Sequence[str], *, seed: int, first: int) -> None:
        super().__init__(daemon=True, name="load")
        self.events: list[Event] = []
        self.answers: Counter[str] = Counter()
        self.trouble: list[str] = []
        self._api, self._tokens = api, tokens
        self._source = Source(users, seed=seed, first=first)
        self._over = threading.Event()
        self._fate = random.Random(seed)
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            asyncio.run(self._run())
        except BaseException as error:
            self._error = error
            raise

    def accepted(self) -> list[Event]:
        """What was answered with 202 so far."""
        return [event for event in self.events if event.id]

    def finish(self, seconds: float = GIVEN_UP_AFTER_S) -> list[Event]:
        """Sends nothing new, and waits until everything was answered; all events."""
        self._over.set()
        self.join(seconds)
        assert not self.is_alive(), f"something wasn't answered within {seconds} s: {dict(self.answers)}"
        assert self._error is None, self._error
        return self.events

    async def _run(self) -> None:
        limits = httpx.Limits(max_connections=CONNECTIONS_EACH)
        async with AsyncExitStack() as ends:
            clients = [
                await ends.enter_async_context(httpx.AsyncClient(base_url=self._api, timeout=TIMEOUT_S, limits=limits))
                for _ in range(INSTANCES)
            ]
            tasks: set[asyncio.Task[None]] = set()
            started, tick = time.monotonic(), 0
            while not self._over.is_set():
                for events in self._due():
                    task = asyncio.create_task(self._send(clients[events[0].serial % INSTANCES], events))
                    tasks.add(task)
                    task.add_done_callback(tasks.discard)
                tick += 1
                await asyncio.sleep(max(0.0, started + tick / TICKS_A_S - time.monotonic()))
            if tasks:
                await asyncio.gather(*list(tasks))

    def _due(self) -> list[list[Event]]:
        due = [self._source.batch(BATCH) for _ in range(BATCHES_A_S // TICKS_A_S)]
        due += [[self._source.single()] for _ in range(SINGLES_A_S // TICKS_A_S)]
        for events in due:
            self.events += events
        return due

    async def _send(self, client: httpx.AsyncClient, events: list[Event]) -> None:
        headers = {"Authorization": f"Bearer {self._tokens[events[0].kind.token]}"}
        if events[0].keyed:
            headers["Idempotency-Key"] = f"faults-{events[0].serial}"
        path = "/notifications" if len(events) == 1 and events[0].kind.single else "/notifications/batch"
        body = events[0].body() if path == "/notifications" else {"notifications": [event.body() for event in events]}
        for event in events:
            event.asked_at = now_ms()
        await asyncio.sleep(self._fate.random() / TICKS_A_S)
        while True:
            pause = await self._try(client, path, body, headers, events)
            if pause is None:
                return
            await asyncio.sleep(min(max(pause, PAUSE_S[0]), PAUSE_S[1]) * (1 + self._fate.random()))

    async def _try(
        self, client: httpx.AsyncClient, path: str, body: object, headers: dict[str, str], events: list[Event]
    ) -> float | None:
        """One try; how long to wait before the next, None when there is none."""
        try:
            answer = await client.post(path, json=body, headers=headers)
        except httpx.TransportError as error:
            self._refused(type(error).__name__, events)
            if events[0].keyed or isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
                return 0.0  # certainly not taken, or the key makes it one
            for event in events:
                event.unknown = True
            return None
        if answer.status_code == httpx.codes.ACCEPTED:
            self.answers[str(answer.status_code)] += len(events)
            self._taken(answer, events)
            return None
        self._refused(str(answer.status_code), events, answer.text)
        if answer.status_code not in (409, 429, 503):
            self._wrong(answer, events)
            return None
        return float(answer.headers.get("Retry-After", 0))

    def _refused(self, how: str, events: list[Event], why: str = "") -> None:
        self.answers[how] += len(events)
        now = now_ms()
        for event in events:
            event.refusals.append((now - event.asked_at, f"{how} {why[:120]}".rstrip()))

    def _taken(self, answer: httpx.Response, events: list[Event]) -> None:
        told = answer.json()
        results = told.get("results", [told])
        for event, result in zip(events, results, strict=True):
            if result["status"] == "accepted":
                event.id, event.accepted_at = result["notification_id"], now_ms()
            else:
                self._wrong(answer, [event])

    def _wrong(self, answer: httpx.Response, events: list[Event]) -> None:
        """An answer that no fault of ours explains: the client can do nothing, so it is a finding."""
        for event in events:
            event.unknown = answer.status_code >= 500
        self.trouble.append(f"{answer.status_code} {answer.text[:300]}")
