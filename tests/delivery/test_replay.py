"""`manage.py replay`: a window is done again, and nobody sees anything twice (contract §3)."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from delivery.replay import Replay, Wanted, window
from foundation.clock import now_ms, to_rfc3339
from foundation.errors import LogUnavailable
from notifications.log import get_log
from notifications.log.port import Message
from notifications.records import HEADER_REPEAT
from notifications.store.models import DeliveryCell
from notifications.topology import DELIVERY, DLQ, RAW, TOPICS
from tests.pipeline import Pipeline
from tests.whole.conftest import ada, order_shipped, pipeline, worker  # noqa: F401  fixtures
from tests.whole.looking import assert_accounted_for, channels, ends, grown, inbox, outbox

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

PUSH = "notifications.push"
ALL_SENT = {channel: ("sent", "") for channel in ("in_app", "push", "email", "sms")}


def replay(*arguments: str) -> str:
    """Runs the command; what it printed."""
    out = StringIO()
    call_command("replay", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def sent(pipeline: Pipeline, order_shipped: Any, ada: Any) -> list[str]:  # noqa: F811
    """Three that were delivered everywhere."""
    ids = [pipeline.send("order_shipped", "usr_42", data={"order": f"A{n}"}) for n in range(3)]
    pipeline.run()
    return ids


def records(topic: str) -> list[Any]:
    log = get_log()
    return [record for p, end in log.end_offsets(topic).items() for record in log.read(topic, p, 0, end)]


@pytest.mark.parametrize("topic", [RAW, PUSH, "notifications.in_app"])
def test_what_has_an_outcome_keeps_it_and_nobody_sees_it_twice(
    pipeline: Pipeline,  # noqa: F811
    sent: list[str],
    topic: str,
) -> None:
    text = replay("--topic", topic, "--from", to_rfc3339(now_ms() - 60_000), "--yes")
    assert f"{topic}: 3 records replayed, 3 notifications" in text
    assert [HEADER_REPEAT in record.headers for record in records(topic)].count(True) == 3

    pipeline.run()

    assert sorted(inbox("usr_42")) == sorted(sent)
    for id in sent:
        assert channels(id) == ALL_SENT
        assert {count for _, count in outbox(id).values()} == {1}
    assert_accounted_for()


@pytest.mark.skipif(settings.STORE_ENGINE != "sql", reason="takes a row out of the SQL store")
def test_an_outcome_that_was_lost_is_made_again(pipeline: Pipeline, sent: list[str]) -> None:  # noqa: F811
    lost = sent[1]
    DeliveryCell.objects.filter(notification=lost, channel="push").delete()

    replay("--topic", "push", "--from", "0", "--yes")
    pipeline.run()

    assert channels(lost) == ALL_SENT
    assert outbox(lost)["token-1"][1] == 2
    assert {count for id in sent if id != lost for _, count in outbox(id).values()} == {1}


def test_a_dry_run_counts_and_produces_nothing(pipeline: Pipeline, sent: list[str]) -> None:  # noqa: F811
    before = ends()

    text = replay("--topic", "raw", "--from", "0", "--dry-run")

    assert "3 records to be replayed" in text
    assert "order_shipped" in text
    assert grown(before) == set()


def test_filters_narrow_it(pipeline: Pipeline, sent: list[str]) -> None:  # noqa: F811
    for filters, count in [
        (("--notification", sent[0]), 1),
        (("--notification", sent[0], "--notification", sent[2]), 2),
        (("--user", "somebody-else"), 0),
        (("--type", "order_shipped", "--user", "usr_42"), 3),
        (("--type", "another"), 0),
    ]:
        assert f"{count} records to be replayed" in replay("--topic", "raw", "--from", "0", "--dry-run", *filters)


def test_nothing_is_produced_without_a_yes(
    pipeline: Pipeline,  # noqa: F811
    sent: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = ends()
    monkeypatch.setattr("sys.stdin", StringIO("\n"))

    with pytest.raises(CommandError, match="nothing was produced"):
        replay("--topic", "raw", "--from", "0")

    assert grown(before) == set()


def test_it_says_where_it_stopped_and_goes_on_there(
    pipeline: Pipeline,  # noqa: F811
    sent: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log = get_log()
    log.produce([Message(PUSH, f"user-{n}", b"garbage") for n in range(40)])
    monkeypatch.setattr("delivery.replay.RECORDS_A_CALL", 1)
    produced, real = [], log.produce

    def fails_at_the_second(messages: list[Message]) -> None:
        if len(produced) == 1:
            raise LogUnavailable("the broker is away")
        produced.extend(messages)
        real(messages)

    monkeypatch.setattr(log, "produce", fails_at_the_second)
    with pytest.raises(CommandError, match="stopped") as stopped:
        replay("--topic", "push", "--from", "0", "--yes")
    monkeypatch.undo()

    words = str(stopped.value).split()
    text = replay("--topic", "push", "--from", words[words.index("--from") + 1], "--to", words[-5], "--yes")

    assert "2 records replayed" in text
    assert [HEADER_REPEAT in record.headers for record in records(PUSH)].count(True) == 3


def test_only_what_accepts_or_delivers_can_be_replayed(pipeline: Pipeline) -> None:  # noqa: F811
    for topic, why in [(DELIVERY, "what came of things"), (DLQ, "dead_letters replay"), ("nowhere", "no topic")]:
        with pytest.raises(CommandError, match=why):
            replay("--topic", topic, "--from", "0")
    assert {DELIVERY, DLQ} < TOPICS.keys()


def test_a_window_is_what_the_log_still_keeps(pipeline: Pipeline) -> None:  # noqa: F811
    log = get_log()
    log.produce([Message(RAW, f"user-{n}", b"garbage") for n in range(100)])
    there = log.end_offsets(RAW)

    assert window(log, RAW, {0: 0, 1: there[1], 99: 0}, None) == {0: (0, there[0])}
    assert window(log, RAW, {0: 0}, {0: 1}) == {0: (0, 1)}
    run = Replay(log, RAW, window(log, RAW, dict.fromkeys(there, 0), None), Wanted())
    run.run(produce=True)
    assert (run.records, run.unreadable, log.end_offsets(RAW)) == (0, 100, there)
