"""The audit and spools: their lines are in flight, one that nobody drains is named, also another machine's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from delivery.audit import audit
from foundation.clock import now_ms
from foundation.identifiers import new_notification_id
from notifications.log import get_log
from notifications.log.port import Message
from notifications.records import encode
from notifications.spool import owners, registry
from notifications.spool.file import Standing
from notifications.spool.owners import Owned
from notifications.topology import CRITICAL
from tests.delivery.on_log import accepted, empty_log, passed, told  # noqa: F401  a fixture among them
from tests.delivery.reports_of import decision, event, outcome, verdict
from tests.engines import STACK

pytestmark = [
    pytest.mark.django_db(databases=["default", "store", "sandbox"]),
    pytest.mark.usefixtures("redis", "empty_log"),
]


@pytest.fixture
def spool(tmp_path: Path, settings) -> Iterator[Owned]:
    settings.SPOOL_FOLDER = tmp_path / "spool"
    owned = owners.take_slot(settings.SPOOL_FOLDER, "node-a", max_bytes=0)
    yield owned
    owned.release()


def spooled(spool: Owned) -> str:
    id = new_notification_id()
    spool.file.put([(id, Message(CRITICAL, "u1", encode(event(id))))])
    return id


def test_a_line_in_a_spool_is_accepted_and_in_flight(spool: Owned):
    spooled(spool)
    spooled(spool)
    findings = audit()
    assert findings.clean
    assert findings.accepted == 2
    assert findings.places == {"spool node-a.0": 2}
    assert "2 lines (2 not sent yet)" in "\n".join(findings.lines())


def test_what_stands_on_the_log_too_is_counted_once(spool: Owned):
    id = spooled(spool)
    accepted(id, topic=CRITICAL)
    told(decision(id, verdict("push")), outcome(id, "push"))
    passed()
    findings = audit()
    assert findings.clean
    assert (findings.accepted, findings.notifications["delivered"]) == (1, 1)


def test_only_those_of_the_window_are_looked_at(spool: Owned):
    at = event(spooled(spool)).accepted_at
    assert audit(since=at + 1).accepted == 0
    assert audit(until=at).accepted == 0
    assert audit(since=at, until=at + 1).accepted == 1


def test_a_spool_without_a_running_owner_is_named_and_not_clean(spool: Owned, capsys):
    spooled(spool)
    spool.release()
    with pytest.raises(SystemExit) as ended:
        call_command("audit", "--json")
    found = json.loads(capsys.readouterr().out)
    assert ended.value.code == 1
    (its,) = found["spools"]
    assert (its["name"], its["node"], its["lines"], its["owned"]) == ("node-a.0", "node-a", 1, False)
    assert its["path"].endswith("spool/node-a.0.sqlite3")
    assert found["lost"]["count"] == 0


def test_an_empty_spool_needs_nobody(spool: Owned):
    spool.release()
    findings = audit()
    assert findings.clean
    assert findings.spools == []


def test_another_machines_spool_is_known_by_what_it_said(spool: Owned, capsys):
    holding = Standing(7, 3, now_ms() - 60_000, 0)
    registry.say("node-b.0", "node-b", holding, now=now_ms())
    findings = audit()
    assert findings.clean
    assert [(its.name, its.lines, its.owned) for its in findings.spools] == [("node-b.0", 7, True)]

    registry.say("node-b.0", "node-b", holding, now=now_ms() - 60_000)  # and nothing since
    findings = audit()
    assert not findings.clean
    assert "WITHOUT A RUNNING OWNER" in "\n".join(findings.lines())

    call_command("spool", "list")
    assert "node-b.0: 7 lines" in capsys.readouterr().out
    call_command("spool", "forget", "node-b.0")
    assert audit().clean
    with pytest.raises(CommandError):
        call_command("spool", "forget", "node-b.0")


def test_an_empty_one_takes_its_word_back(spool: Owned):
    registry.say("node-b.0", "node-b", Standing(7, 3, 1, 0), now=1)
    registry.say("node-b.0", "node-b", Standing(0, 0, 0, 7), now=2)
    assert audit().spools == []


@pytest.mark.skipif(STACK, reason="takes the embedded log's folder away")
def test_with_the_log_away_the_audit_says_what_the_spools_hold(spool: Owned, tmp_path: Path, capsys):
    spooled(spool)
    get_log().close()
    (tmp_path / "log").rename(tmp_path / "away")
    with pytest.raises(CommandError) as error:
        call_command("audit")
    assert error.value.returncode == 2
    assert "spool node-a.0: 1 lines" in capsys.readouterr().err
    (tmp_path / "away").rename(tmp_path / "log")
