"""Records nobody can read, and records that break the stage: kept with their bytes; their partitions move on."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import StringIO
from threading import Barrier

import msgspec
import pytest
from django.core.management import call_command
from django.db import connections

from delivery import stopping
from delivery.figures import gather
from delivery.models import Alert, QuarantinedRecord
from delivery.providers.sandbox.models import OutboxMessage
from delivery.quarantine import put
from foundation.clock import now_ms
from foundation.errors import QuarantineFull
from notifications import reports
from notifications.log import get_log
from notifications.log.port import LogRecord, Message
from notifications.records import (
    HEADER_REPEAT,
    HEADER_TRACE,
    MAX_BYTES,
    ChannelRecord,
    FailedSend,
    Failure,
    Outcome,
    Reports,
    decode,
    encode,
)
from notifications.topology import DLQ, RAW, TOPICS
from tests.pipeline import Pipeline
from tests.whole.conftest import make_type, make_user
from tests.whole.looking import assert_accounted_for, channels, inbox, outbox

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

ORDER = {"order": "A1"}
GARBAGE = b'\x00\xff\xfe{"half'
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
NEWER = b'{"v": 99, "lane": "standard"}'


@pytest.fixture
def people(pipeline: Pipeline) -> Pipeline:
    make_type("order_shipped", channels=["in_app", "email"], priority="high")
    make_type("code", channels=["email"], priority="critical")
    make_user("usr_42", email="ann@example.com")
    return pipeline


def quarantine(*arguments: str) -> str:
    out = StringIO()
    call_command("quarantine", *arguments, stdout=out)
    return out.getvalue()


def everything_on(topic: str) -> list[LogRecord]:
    log = get_log()
    return [record for p, end in log.end_offsets(topic).items() for record in log.read(topic, p, 0, end)]


def kept() -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    for row in QuarantinedRecord.objects.order_by("pk"):
        found.setdefault(row.topic, []).append(bytes(row.raw))
    return found


def broken() -> list[bytes]:
    """Garbage, a newer version, a record that was cut off, and one too large to be anybody's."""
    whole = encode(Reports(reports=[Outcome(id="notif_1", user="u", channel="push", status="sent", at=1)]))
    return [GARBAGE, NEWER, whole[: len(whole) // 2], b'{"data":{"x":"' + b"x" * MAX_BYTES + b'"}}']


@pytest.mark.parametrize("topic", TOPICS)
def test_what_nobody_can_read_is_kept_byte_for_byte_and_can_be_put_back(people: Pipeline, topic: str):
    get_log().produce([Message(topic, "usr_42", raw, {HEADER_TRACE: TRACE}) for raw in broken()])
    id = people.send("order_shipped", "usr_42", data=ORDER)
    people.run()  # until every group has passed everything
    assert kept() == {topic: broken()}
    assert {row.headers[HEADER_TRACE] for row in QuarantinedRecord.objects.all()} == {TRACE}
    assert channels(id) == dict.fromkeys(("in_app", "email"), ("sent", ""))
    assert_accounted_for()

    garbage, newer, cut, large = QuarantinedRecord.objects.order_by("pk")
    assert "4 kept" in quarantine("list", "--topic", topic)
    assert '\\xff\\xfe{"half' in quarantine("show", str(garbage.pk))
    assert "newer than 1" in newer.reason
    assert "at most 960,000 are read" in large.reason
    assert cut.reason
    assert "4 put back" in quarantine("retry", "--all")
    people.run()
    again = QuarantinedRecord.objects.filter(state="kept")
    assert sorted(bytes(row.raw) for row in again) == sorted(broken())
    assert all(row.headers == {HEADER_TRACE: TRACE, HEADER_REPEAT: "1"} for row in again)


def test_what_is_kept_anew_at_once_is_not_put_back_in_the_same_go(people: Pipeline, monkeypatch):
    get_log().produce([Message(RAW, "usr_42", raw) for raw in broken()])
    people.run()
    monkeypatch.setattr("delivery.quarantine.RETRY_BATCH", 1)
    log, produce = get_log(), get_log().produce

    def produce_beside_a_quick_bridge(messages: Sequence[Message]) -> None:
        assert QuarantinedRecord.objects.count() < 2 * len(broken())
        produce(messages)
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(log, "produce", produce)
            people.run()

    monkeypatch.setattr(log, "produce", produce_beside_a_quick_bridge)
    assert "4 put back" in quarantine("retry", "--all")
    assert sorted(kept()[RAW]) == sorted(broken() * 2)
    assert QuarantinedRecord.objects.filter(state="kept").count() == 4


def test_a_fault_that_hits_every_record_stops_the_topic_instead(people: Pipeline, settings):
    settings.QUARANTINE_MAX_PER_MINUTE = 5
    get_log().produce([Message(RAW, f"usr_{number}", GARBAGE) for number in range(20)])
    late = people.send("order_shipped", "usr_42", data=ORDER)
    _turn_until(people, lambda: people.bridge.topics[RAW].stopped)
    assert len(kept()[RAW]) == 5
    assert [alert.kind for alert in Alert.objects.all()] == ["quarantine"]
    code = people.send("code", "usr_42", data=ORDER)
    _turn_until(people, lambda: outbox(code))  # the other topics go on
    assert RAW in gather().stopped
    assert_accounted_for()  # and nothing is lost: the rest is before the group's offset

    assert "raw goes on" in quarantine("resume", "raw")
    _turn_until(people, lambda: len(kept()[RAW]) == 10 and stopping.stops([RAW]))
    settings.QUARANTINE_MAX_PER_MINUTE = 0  # an operator who means it
    quarantine("resume", RAW)
    people.run(30)
    assert len(kept()[RAW]) == 20
    assert inbox("usr_42") == [late]
    assert "wasn't stopped" in quarantine("resume", RAW)
    assert_accounted_for()


def test_a_stopped_topic_goes_on_by_itself_when_the_rate_has_fallen(people: Pipeline, settings, monkeypatch):
    settings.QUARANTINE_MAX_PER_MINUTE = 5
    monkeypatch.setattr(stopping, "WINDOW_MS", 2_000)
    get_log().produce([Message(RAW, f"usr_{number}", GARBAGE) for number in range(12)])
    people.run(30)
    assert len(kept()[RAW]) == 12


def test_batches_beside_each_other_do_not_find_room_for_the_same_last_record(people: Pipeline, settings):
    settings.QUARANTINE_MAX_PER_MINUTE = 5
    together = Barrier(8)

    def put_one(offset: int) -> None:
        together.wait()
        try:
            with suppress(QuarantineFull):
                put(RAW, [(0, offset, GARBAGE, {})], "its worker started and died")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put_one, range(8)))
    assert len(kept()[RAW]) == 5


def _turn_until(pipeline: Pipeline, done: Callable[[], object]) -> None:
    until = time.monotonic() + 20
    while not done():
        pipeline.turns(1)
        assert time.monotonic() < until


def test_a_record_that_breaks_its_stage_is_halved_out(people: Pipeline):
    """A channel nobody has, a status nobody knows, a priority without a schedule: well-formed, and fatal."""
    ids = [people.send("order_shipped", "usr_42", data={"order": f"A{n}"}) for n in range(6)]
    people.run()
    record = decode(ChannelRecord, everything_on("notifications.email")[0].value)
    fax = encode(msgspec.structs.replace(record, channel="fax"))
    at = now_ms()
    bad_report = Outcome(id=ids[0], user="usr_42", channel="email", status="vanished", at=at)
    good_report = Outcome(id=ids[0], user="usr_42", channel="email", status="delivered", at=at)
    urgent = msgspec.structs.replace(record, priority="urgent")
    failure = Failure(record=urgent, failed=[FailedSend(send=record.recipients[0].sends[0], error="transient")], at=at)
    more = [people.send("order_shipped", "usr_42", data={"order": f"B{n}"}) for n in range(3)]
    get_log().produce([Message("notifications.email", "usr_42", fax), Message(DLQ, ids[0], encode(failure))])
    reports.produce([bad_report])
    reports.produce([good_report])
    people.run(30)

    assert kept() == {
        "notifications.email": [fax],
        "notifications.delivery": [encode(Reports(reports=[bad_report]))],
        DLQ: [encode(failure)],
    }
    assert sorted(inbox("usr_42")) == sorted([*ids, *more])
    for id in more:
        assert channels(id) == dict.fromkeys(("in_app", "email"), ("sent", ""))
        assert outbox(id) == {"ann@example.com": (1, 1)}
    order = (
        OutboxMessage.objects.filter(notification_id__in=more).order_by("id").values_list("notification_id", flat=True)
    )
    assert list(order) == more  # halved, and in the order of the log all the same
    assert_accounted_for()


def test_what_was_kept_can_be_put_back(people: Pipeline):
    id = people.send("order_shipped", "usr_42", data=ORDER)
    (event,) = everything_on(RAW)
    put(RAW, [(event.partition, event.offset, event.value, {})], "its worker started and died")
    people.run()
    assert "1 put back" in quarantine("retry", "--all")
    people.run()
    assert inbox("usr_42") == [id]
    assert outbox(id) == {"ann@example.com": (1, 1)}
    assert "0 kept" in quarantine("list")
    assert_accounted_for()
