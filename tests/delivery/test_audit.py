"""Conservation: what the audit counts, what it finds in flight, what it calls lost or doubled."""

from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command

from delivery import quarantine
from delivery.audit import Findings, audit
from foundation.clock import to_rfc3339
from foundation.errors import LogUnavailable
from notifications.due import table
from notifications.due.entry import DueEntry
from notifications.log import get_log
from notifications.log.port import Message
from notifications.records import ChannelRecipient, ChannelRecord, FailedSend, Failure, Send, encode
from notifications.topology import CRITICAL, DLQ, RAW
from tests.delivery.on_log import accepted, empty_log, passed, told  # noqa: F401  a fixture among them
from tests.delivery.reports_of import NOW, attempting, decision, event, outcome, receipt, verdict

pytestmark = [
    pytest.mark.django_db(databases=["default", "store", "sandbox"]),
    pytest.mark.usefixtures("redis", "empty_log"),
]


def on_channel(id: str, channel: str = "push") -> ChannelRecord:
    recipient = ChannelRecipient(id, "u1", [Send(f"{channel}-1", "token")])
    return ChannelRecord(
        channel=channel,
        lane="standard",
        priority="high",
        recipients=[recipient],
        type="order_shipped",
        category="order_updates",
        now=NOW,
        accepted_at=NOW,
    )


def due(id: str, channel: str = "push", kind: str = "retry") -> DueEntry:
    return DueEntry(
        identity=f"{id}:{channel}:{kind}",
        notification_id=id,
        user="u1",
        channel=channel,
        lane="standard",
        kind=kind,
        due_at=NOW,
        topic=RAW,
        key="u1",
        value=b"{}",
    )


def lost(findings: Findings) -> list[tuple[str, str]]:
    return [(one.id, one.channel) for one in findings.lost.named]


def test_with_everything_done_it_is_clean_and_counts_by_outcome():
    one, two = accepted(), accepted()
    told(
        decision(one, verdict("in_app"), verdict("push"), verdict("sms", "drop", reason="opted_out")),
        attempting(one, "push"),
        outcome(one, "in_app"),
        outcome(one, "push"),
        decision(two, verdict("push")),
        outcome(two, "push", "parked", send="", reason="exhausted"),
    )
    passed()
    findings = audit()
    assert findings.clean
    assert findings.accepted == 2
    assert findings.notifications == {"delivered": 1, "parked": 1, "in_flight": 0}
    assert +findings.deliveries == {"delivered": 2, "dropped": 1, "parked": 1}
    assert findings.standings["sms", "dropped", "opted_out"] == 1


def test_what_was_passed_by_without_a_decision_is_lost():
    id = accepted()
    passed()
    assert lost(audit()) == [(id, "*")]


def test_what_was_decided_and_has_neither_outcome_nor_place_is_lost():
    id = accepted()
    told(decision(id, verdict("in_app"), verdict("push")), outcome(id, "in_app"), attempting(id, "push"))
    passed()
    assert lost(audit()) == [(id, "push")]


def test_a_send_that_nobody_heard_of_keeps_its_delivery_open():
    id = accepted()
    told(decision(id, verdict("push", sends=["one", "two"])), outcome(id, "push", "dropped", send="one"))
    passed()
    assert lost(audit()) == [(id, "push")]


@pytest.mark.parametrize("topic", [RAW, CRITICAL])
def test_what_routing_has_not_passed_is_in_flight(topic: str):
    accepted(topic=topic)
    findings = audit()
    assert findings.clean
    assert findings.places == {topic: 1}


def test_what_a_channel_or_the_retry_scheduler_has_not_passed_is_in_flight():
    one, two = accepted(), accepted()
    told(decision(one, verdict("push")), decision(two, verdict("push")), outcome(two, "push", "failed"))
    failed = [FailedSend(send=Send("push-1", "token"), error="transient")]
    passed()
    get_log().produce([Message("notifications.push", "u1", encode(on_channel(one)))])
    get_log().produce([Message(DLQ, two, encode(Failure(record=on_channel(two), failed=failed, at=NOW)))])
    findings = audit()
    assert findings.clean
    assert findings.places == {"notifications.push": 1, DLQ: 1}
    passed()
    assert set(lost(audit())) == {(one, "push"), (two, "push")}


def test_what_waits_for_its_time_is_in_flight_until_it_is_released():
    one, scheduled = accepted(), accepted()
    told(
        decision(one, verdict("push")),
        outcome(one, "push", "failed"),
        decision(scheduled, verdict("in_app", "defer"), verdict("email", "defer")),
    )
    table.put([due(one), due(scheduled, "*", "schedule")])
    passed()
    findings = audit()
    assert findings.clean
    assert findings.places == {"due: retry": 1, "due: schedule": 2}


def test_what_was_cancelled_while_it_waited_has_its_outcome():
    id = accepted()
    told(decision(id, verdict("in_app", "defer"), verdict("email", "defer")))
    table.put([due(id, "*", "schedule")])
    table.cancel(id)
    passed()
    findings = audit()
    assert findings.clean
    assert findings.notifications["dropped"] == 1


def test_a_place_on_one_channel_does_not_cover_another():
    id = accepted()
    told(decision(id, verdict("push"), verdict("email")))
    passed()
    accepted(id, resumed="quiet_hours", only=["push"])
    findings = audit()
    assert findings.accepted == 1
    assert lost(findings) == [(id, "email")]


def test_a_poison_record_is_accounted_for_by_the_quarantine():
    get_log().produce([Message(RAW, "u1", b"{not json")])
    id = accepted()
    passed()
    findings = audit()
    assert (findings.unreadable.count, findings.lost.count) == (1, 1)
    place = findings.unreadable.named[0].id
    partition, offset = (int(part) for part in place.rsplit("/", 1)[1].split("@"))
    quarantine.put(RAW, [(partition, offset, b"{not json", {}), (partition, offset + 1, encode(event(id)), {})], "bad")
    findings = audit()
    assert findings.clean
    assert findings.places == {"quarantine": 1}


@pytest.mark.parametrize(("priority", "clean"), [("critical", True), ("high", True), ("normal", False), ("low", False)])
def test_handed_over_twice_is_doubled_but_where_doubt_allows_it(priority: str, clean: bool):
    id = accepted(priority=priority)
    told(
        decision(id, verdict("email")),
        outcome(id, "email", attempt=1, provider_id="m-1"),
        outcome(id, "email", attempt=1, provider_id="m-1"),
        receipt(id, "email", "delivered"),
    )
    passed()
    assert audit().clean
    told(outcome(id, "email", attempt=2, provider_id="m-2"))
    findings = audit()
    assert findings.clean is clean
    assert (findings.doubled.count, findings.allowed_doubles) == (int(not clean), int(clean))


def test_only_what_was_accepted_within_the_window_is_asked_about():
    now = to_rfc3339(NOW)
    accepted(accepted_at=NOW - 10_000)
    inside = accepted(accepted_at=NOW)
    accepted(accepted_at=NOW + 10_000)
    passed()
    findings = audit(since=NOW - 5_000, until=NOW + 5_000)
    assert (findings.accepted, lost(findings)) == (1, [(inside, "*")])
    assert findings.as_json()["since"] < now < findings.as_json()["until"]


def run(*arguments: str) -> int:
    try:
        call_command("audit", *arguments)
    except SystemExit as ended:
        return int(ended.code or 0)
    except CommandError as error:
        return error.returncode
    return 0


def test_the_command_says_it_in_words_as_json_and_by_its_exit_code(capsys, monkeypatch):
    assert run() == 0
    assert "clean" in capsys.readouterr().out
    id = accepted()
    passed()
    assert run() == 1
    assert f"{id} *: accepted, but never decided" in capsys.readouterr().out
    assert run("--json") == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["lost"] == {
        "count": 1,
        "named": [{"id": id, "channel": "*", "what": "accepted, but never decided"}],
    }

    def away(topic: str) -> dict[int, int]:
        raise LogUnavailable("gone")

    monkeypatch.setattr(get_log(), "end_offsets", away)
    assert run() == 2
