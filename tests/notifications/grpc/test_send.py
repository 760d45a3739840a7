"""Send: what is answered is durable; refusals carry status and details; keys, limits and deadlines hold."""

from __future__ import annotations

import pytest

from notifications.grpc.proto.notifications.v1 import notification_service_pb2 as pb
from tests.notifications.accepting import written
from tests.notifications.grpc.calling import an_event

pytestmark = pytest.mark.django_db(transaction=True)


async def test_an_event_is_answered_with_its_id_and_stands_on_the_log(service):
    answer = await service.send(an_event())
    assert answer.status == "accepted"
    assert list(answer.estimated_channels) == [pb.CHANNEL_IN_APP, pb.CHANNEL_PUSH, pb.CHANNEL_EMAIL]
    [(_, event, _)] = written()
    assert event.recipients[0].id == answer.notification_id
    assert event.data == {"order_id": "ord_abc123", "carrier": "FedEx"}


async def test_a_stream_is_answered_request_by_request_in_order(service):
    requests = [pb.SendBatchRequest(notifications=[an_event(f"u{n}-{m}") for m in range(n + 1)]) for n in range(20)]
    answers = await service.batch(*requests)
    assert [answer.accepted for answer in answers] == [n + 1 for n in range(20)]
    by_id = {event.recipients[0].id: event.recipients[0].user for _, event, _ in written()}
    told = [[by_id[result.accepted.notification_id] for result in answer.results] for answer in answers]
    assert told == [[f"u{n}-{m}" for m in range(n + 1)] for n in range(20)]
