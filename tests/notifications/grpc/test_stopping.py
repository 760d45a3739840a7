"""A server that stops under load: GOAWAY, every answer given is on the log, the next server takes the rest."""

from __future__ import annotations

import asyncio

import grpc
import pytest

from tests.notifications.accepting import written
from tests.notifications.grpc.calling import Service, an_event

TRY_ELSEWHERE = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
pytestmark = pytest.mark.django_db(transaction=True)


async def test_what_was_answered_is_on_the_log_and_the_rest_goes_to_the_next_server(start, secret):
    first, second = await start(), await start()
    answered: dict[str, str] = {}

    async def send(service: Service, other: Service, user: str) -> None:
        try:
            answer = await service.send(an_event(user), idempotency_key=user)
        except grpc.aio.AioRpcError as error:
            if error.code() not in TRY_ELSEWHERE:
                raise
            answer = await other.send(an_event(user), idempotency_key=user)
        answered[user] = answer.notification_id

    async with Service(first.port, secret) as service, Service(second.port, secret) as other:
        sends = [asyncio.create_task(send(service, other, f"u{n}")) for n in range(300)]
        while not answered:
            await asyncio.sleep(0)
        stopping = asyncio.create_task(first.stop())
        await asyncio.gather(*sends, stopping)
    events = [event.recipients[0] for _, event, _ in written()]
    assert {event.user: event.id for event in events} == answered
    assert len(events) == 300
