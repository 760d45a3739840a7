"""Records nobody can read, and records that break the stage: kept with their bytes; their partitions move on."""

from __future__ import annotations

from io import StringIO

import msgspec
import pytest
from django.core.management import call_command

from delivery.models import QuarantinedRecord
from delivery.providers.sandbox.models import OutboxMessage
from delivery.quarantine import put
from foundation.clock import now_ms
from notifications import reports
from notifications.log import get_log
from notifications.log.port import LogRecord, Message
from notifications.records import ChannelRecord, FailedSend, Failure, Outcome, Reports, decode, encode
from notifications.topology import DLQ, RAW, TOPICS
from tests.pipeline import Pipeline
from tests.whole.conftest import make_type, make_user
from tests.whole.looking import assert_accounted_for, channels, inbox, outbox

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

ORDER = {"order": "A1"}
GARBAGE = b'\x00\xff\xfe{"half'
NEWER = b'{"v": 99, "lane": "standard"}'


@pytest.fixture
def people(pipeline: Pipeline) -> Pipeline:
    make_type("order_shipped", channels=["in_app", "email"], priority="high")
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


def test_what_nobody_can_read_is_kept_byte_for_byte_on_every_topic(people: Pipeline):
    get_log().produce([Message(topic, "usr_42", raw) for topic in TOPICS for raw in (GARBAGE, NEWER)])
    id = people.send("order_shipped", "usr_42", data=ORDER)
    people.run()
    assert {topic: sorted(raws) for topic, raws in kept().items()} == dict.fromkeys(TOPICS, sorted([GARBAGE, NEWER]))
    assert channels(id) == dict.fromkeys(("in_app", "email"), ("sent", ""))
    assert_accounted_for()

    assert "26 kept" in quarantine("list")
    assert "2 kept" in quarantine("list", "--topic", DLQ)
    garbage = QuarantinedRecord.objects.filter(topic=DLQ).order_by("pk").first()
    assert garbage is not None
    assert '\\xff\\xfe{"half' in quarantine("show", str(garbage.pk))
    newer = QuarantinedRecord.objects.filter(topic=DLQ).order_by("pk").last()
    assert newer is not None
    assert "newer than 1" in newer.reason


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
