"""DELETE /notifications/{id}: what waits is cancelled, told channel by channel, and told to the ledger."""

from __future__ import annotations

import pytest

from foundation.clock import now_ms, to_rfc3339
from notifications import cancelling
from notifications.due import table
from notifications.due.table import DueEntry
from notifications.log import get_log
from notifications.records import ChannelDecision, Decision, Event, Outcome, Reports, decode, encode
from notifications.store import get_store
from notifications.store.port import Details
from notifications.topology import DELIVERY, RAW
from tests.notifications.accepting import make_type, written
from tests.notifications.api.calling import EVENT, Caller, assert_problem

pytestmark = [
    pytest.mark.django_db(databases=["default", "store"]),
    pytest.mark.usefixtures("fresh_process", "empty_log"),
]


@pytest.fixture
def service(monkeypatch) -> Caller:
    monkeypatch.setattr(cancelling, "ROUTING_WAIT_S", 0)
    make_type()
    return Caller("notifications:send")


def scheduled(service: Caller) -> str:
    answer = service.post("notifications", EVENT | {"schedule_at": to_rfc3339(now_ms() + 3_600_000)})
    return answer.json()["notification_id"]


def route(id: str) -> None:
    """What the router does with a scheduled one: a row that waits."""
    event: Event = next(event for _, event, _ in written() if event.recipients[0].id == id)
    table.put(
        [
            DueEntry(
                identity=f"{id}/*",
                notification_id=id,
                user="usr_42",
                channel="*",
                lane="standard",
                kind="schedule",
                due_at=event.schedule_at or 0,
                topic=RAW,
                key="usr_42",
                value=encode(event),
            )
        ]
    )


def outcomes(id: str) -> list[Outcome]:
    log = get_log()
    reports = [
        report
        for partition, end in log.end_offsets(DELIVERY).items()
        for record in log.read(DELIVERY, partition, 0, end)
        for report in decode(Reports, record.value).reports
    ]
    return [report for report in reports if isinstance(report, Outcome) and report.id == id]


def test_a_scheduled_one_is_cancelled_on_all_its_channels_and_the_ledger_hears_of_it(service):
    id = scheduled(service)
    route(id)
    answer = service.delete(f"notifications/{id}")
    assert answer.status_code == 200
    assert [channel["channel"] for channel in answer.json()["channels"]] == ["in_app", "push", "email"]
    assert {channel["status"] for channel in answer.json()["channels"]} == {"cancelled"}
    assert [(each.channel, each.status) for each in outcomes(id)] == [
        ("in_app", "cancelled"),
        ("push", "cancelled"),
        ("email", "cancelled"),
    ]


def test_a_repeat_gets_the_first_answer(service):
    id = scheduled(service)
    route(id)
    assert service.delete(f"notifications/{id}").json() == service.delete(f"notifications/{id}").json()


def decided(id: str) -> None:
    """The tracker has it: it was sent at once."""
    event: Event = next(event for _, event, _ in written() if event.recipients[0].id == id)
    sent = [ChannelDecision(channel="in_app", verdict="send")]
    get_store().record_details([Details(decision=Decision(id=id, user="usr_42", event=event, channels=sent, at=1))])


def test_nothing_left_is_409(service):
    id = service.post("notifications", EVENT).json()["notification_id"]
    decided(id)
    assert_problem(service.delete(f"notifications/{id}"), 409)


def test_what_nobody_has_routed_yet_is_to_be_asked_again(service):
    id = scheduled(service)
    answer = service.delete(f"notifications/{id}")
    assert assert_problem(answer, 503)["code"] == "not_routed"
    assert "Retry-After" in answer
    route(id)
    assert service.delete(f"notifications/{id}").status_code == 200


def test_an_unknown_id_and_anothers_are_404_alike(service):
    id = scheduled(service)
    route(id)
    other = Caller("notifications:send", "priority:raise")
    unknown = other.delete("notifications/notif_0199f2d1c0de7000a1b2c3d4e5f60718")
    assert assert_problem(other.delete(f"notifications/{id}"), 404) == assert_problem(unknown, 404)
    assert service.delete(f"notifications/{id}").status_code == 200
