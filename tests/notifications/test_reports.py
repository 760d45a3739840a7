"""Reports become few records, each of one partition."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from foundation.identifiers import new_notification_id
from notifications import reports
from notifications.log.partitioner import partition_for
from notifications.log.port import Message
from notifications.records import HEADER_REPEAT, Attempting, Outcome, Receipt, Report, Reports, decode
from notifications.topology import DELIVERY, TOPICS

PARTITIONS = TOPICS[DELIVERY].partitions


def receipt(id: str, at: int = 1, detail: str = "") -> Receipt:
    return Receipt(id=id, user="usr_1", channel="in_app", status="read", detail=detail, at=at)


def held(message: Message) -> list[Report]:
    return decode(Reports, message.value).reports


def test_a_record_is_keyed_by_its_first_notification_and_holds_one_partition() -> None:
    given_reports = [receipt(new_notification_id(), at) for at in range(500)]

    made = reports.messages(given_reports)

    assert len(made) <= PARTITIONS
    assert {message.topic for message in made} == {DELIVERY}
    for message in made:
        assert message.key == held(message)[0].id
        assert len({partition_for(report.id, PARTITIONS) for report in held(message)}) == 1
    found = [report for message in made for report in held(message)]
    assert sorted(found, key=lambda report: report.at) == given_reports


def test_reports_of_one_notification_keep_their_order() -> None:
    id = new_notification_id()
    outcome = Outcome(id=id, user="usr_1", channel="push", status="sent", at=2)
    attempting = Attempting(rows=[(id, "usr_1", "push", "send-1", 1)], at=1)

    [message] = reports.messages([attempting, outcome, receipt(id, 3)])

    assert held(message) == [attempting, outcome, receipt(id, 3)]


def test_the_rows_of_a_burst_go_to_their_notifications_partitions() -> None:
    rows = [(new_notification_id(), "usr_1", "push", f"send-{n}", 1) for n in range(300)]

    made = reports.messages([Attempting(rows=rows, at=5)])

    for message in made:
        for report in held(message):
            assert {partition_for(row[0], PARTITIONS) for row in report.rows} == {
                partition_for(message.key, PARTITIONS)
            }
    assert sorted(row for message in made for report in held(message) for row in report.rows) == sorted(rows)


@settings(max_examples=20, deadline=None)
@given(sizes=st.lists(st.sampled_from([0, 10, 100_000, 300_000]), max_size=12), many=st.integers(0, 450))
def test_records_are_bounded(sizes: list[int], many: int) -> None:
    id = new_notification_id()
    given_reports = [receipt(id, 1, "x" * size) for size in sizes] + [receipt(id, 2)] * many

    made = reports.messages(given_reports)

    for message in made:
        assert len(held(message)) <= reports.RECORD_REPORTS
        assert len(message.value) < reports.RECORD_BYTES + 2_000 or len(held(message)) == 1
    assert [report for message in made for report in held(message)] == given_reports


def test_the_repeat_mark_is_a_header() -> None:
    [marked] = reports.messages([receipt("notif_1")], repeat=True)
    [unmarked] = reports.messages([receipt("notif_1")])

    assert marked.headers == {HEADER_REPEAT: "1"}
    assert not unmarked.headers


def test_nothing_makes_no_record() -> None:
    assert reports.messages([]) == []
