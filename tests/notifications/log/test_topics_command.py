"""`manage.py topics` (contract §3)."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from notifications.log import ensure_topics, get_log
from notifications.log.port import Message
from notifications.topology import RAW, TOPICS
from tests.engines import own_log


@pytest.fixture(autouse=True)
def empty_log(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.LOG_OPTIONS = own_log(settings.LOG_OPTIONS, tmp_path)
    get_log.cache_clear()
    yield
    get_log().close()
    get_log.cache_clear()


def topics(*arguments: str) -> tuple[dict[str, str], str, int]:
    """Runs the command: each topic's line, the whole text, the exit code."""
    out, code = StringIO(), 0
    try:
        call_command("topics", *arguments, stdout=out)
    except SystemExit as ended:
        code = int(ended.code or 0)
    lines = {line.split()[0]: line for line in out.getvalue().splitlines() if line and ":" not in line.split()[0]}
    return lines, out.getvalue(), code


def test_an_empty_log_is_shown_and_not_changed() -> None:
    lines, _, code = topics()

    assert code == 1
    assert all("missing: create it with --create" in lines[name] for name in TOPICS)
    assert get_log().topics() == {}


def test_create_makes_the_table_of_the_contract() -> None:
    _, _, code = topics("--create")

    assert code == 0
    assert get_log().topics() == {topic.name: topic.partitions for topic in TOPICS.values()}
    assert topics()[2] == 0


def test_lag_and_retained_records_are_shown() -> None:
    ensure_topics()
    get_log().produce([Message(RAW, f"user-{n}", b"x") for n in range(7)])

    lines, _, _ = topics()

    assert lines[RAW].split() == [RAW, "32", "32", "router", "7", "7", "ok"]


def test_what_differs_is_named_and_never_shrunk(settings: Any) -> None:
    ensure_topics()
    get_log().create_topics({"somebody.elses": 3})
    settings.TOPIC_PARTITIONS = {RAW: 16, "notifications.sms": 6}

    lines, _, code = topics("--create")

    assert code == 1
    assert "more partitions: it is never shrunk" in lines[RAW]
    assert "fewer partitions: grow it with --grow" in lines["notifications.sms"]
    assert "not in the table" in lines["somebody.elses"]
    assert get_log().topics()[RAW] == 32


def test_grow_grows_and_says_what_becomes_of_the_order(settings: Any) -> None:
    ensure_topics()
    settings.TOPIC_PARTITIONS = {"notifications.sms": 6}

    _, text, code = topics("--grow")

    assert code == 0
    assert "notifications.sms: 4 -> 6 partitions" in text
    assert "can overtake an earlier one" in text
    assert get_log().topics()["notifications.sms"] == 6


def test_a_topic_of_another_make_is_named_with_its_remedy(settings: Any) -> None:
    if settings.LOG_ENGINE != "kafka":
        pytest.skip("only on Kafka: there is nothing else to differ in the embedded log")
    get_log().create_topics({name: topic.partitions for name, topic in TOPICS.items()})
    settings.LOG_OPTIONS = {**settings.LOG_OPTIONS, "retention_ms": 1_000, "replication": 3}
    get_log().close()
    get_log.cache_clear()

    lines, text, code = topics()

    assert code == 1
    assert "configured otherwise" in lines[RAW]
    assert f"{RAW}: replication factor is 1, wanted 3; move its partitions" in text
    assert f"{RAW}: retention.ms is {7 * 86_400_000}, wanted 1000; kafka-configs.sh --alter" in text
