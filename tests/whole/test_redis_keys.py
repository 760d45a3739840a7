"""Every key of Redis has the prefix, and a time to live or a named way to be made anew; a full Redis hurts nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from channels_app import inbox as inbox_calls
from delivery import housekeeping
from foundation.redis import get_redis, key
from notifications import credentials, reserving
from notifications.sending import SendRequest, Target
from tests import engines
from tests.notifications.api.calling import Caller
from tests.pipeline import Pipeline
from tests.whole.conftest import make_type, make_user
from tests.whole.looking import assert_accounted_for, inbox, outbox

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

DOC = Path(__file__).parents[2] / "docs" / "redis.md"
ROW = re.compile(r"^\| `([^`]+)` \| ([^|]+) \| [^|]+ \| ([^|]+) \|$")
USERS = 40
DISPENSABLE = 500


def documented() -> dict[str, tuple[str, str]]:
    """By pattern: how long it lives, and what happens when it is gone."""
    rows = (ROW.match(line) for line in DOC.read_text().splitlines())
    return {row[1]: (row[2].strip(), row[3].strip()) for row in rows if row}


@pytest.fixture
def busy(pipeline: Pipeline) -> Pipeline:
    make_type("order_shipped", channels=["in_app", "email"], priority="normal", dedupe_window_s=60)
    for n in range(USERS):
        make_user(f"usr_{n}", email=f"u{n}@example.com")
    return pipeline


def send(pipeline: Pipeline, round: int = 0) -> list[str]:
    return pipeline.send_many(
        [
            SendRequest(
                type="order_shipped",
                target=Target("user", f"usr_{n}"),
                data={"order": f"{round}"},
                idempotency_key=f"{round}-{n}",
            )
            for n in range(USERS)
        ]
    )


def assert_each_came_once(ids: list[str]) -> None:
    assert sorted(id for n in range(USERS) for id in inbox(f"usr_{n}")) == sorted(ids)
    assert {count for id in ids for _, count in outbox(id).values()} == {1}
    assert_accounted_for()


@contextmanager
def configured(**options: Any) -> Iterator[None]:
    if engines.STACK:
        pytest.skip("the servers' Redis is shared; `make test` fills one of its own")
    client: Any = get_redis()
    names = {name: name.replace("_", "-") for name in options}
    before = {redis_name: client.config_get(redis_name)[redis_name] for redis_name in names.values()}
    for name, value in options.items():
        client.config_set(names[name], value)
    try:
        yield
    finally:
        for redis_name, value in before.items():
            client.config_set(redis_name, value)


def test_every_key_is_in_the_table_with_a_time_to_live_or_a_way_back(busy: Pipeline):
    service = Caller("notifications:send", "notifications:read")
    service.post("notifications", {"type": "order_shipped", "target": {"type": "user", "user_id": "usr_1"}, "data": {}})
    credentials.make_ticket("usr_1")
    send(busy)
    inbox_calls.counts("usr_1")
    busy.turns(20)
    client: Any = get_redis()
    found = set(client.scan_iter("*"))
    busy.run()
    housekeeping.keep()
    found |= set(client.scan_iter("*"))
    table = documented()
    seen: set[str] = set()
    for raw in sorted(found):
        name = raw.decode()
        assert name.startswith(settings.REDIS_PREFIX), name
        patterns = [each for each in table if fnmatchcase(name.removeprefix(settings.REDIS_PREFIX), each)]
        assert patterns, f"{name} isn't in docs/redis.md"
        seen.add(patterns[0])
        lives, _ = table[patterns[0]]
        ttl = client.ttl(raw)
        assert (lives == "none") == (ttl == -1) or ttl == -2, (
            f"{name} lives for {ttl} s, and “{lives}” by docs/redis.md"
        )
    assert {"profile:*", "idem:*", "token:*", "limit:*", "epoch", "catalog:text:*", "ticket:*"} <= seen


def test_with_too_little_memory_caches_go_and_nothing_is_lost_or_doubled(busy: Pipeline):
    ids = send(busy)
    client: Any = get_redis()
    busy.run()
    for n in range(DISPENSABLE):  # else there are moments when nothing is left to be put out, and Redis refuses
        client.set(key("profile", f"dispensable{n}"), bytes(1_000), ex=3_600)
    little = client.info("memory")["used_memory"] + 30_000
    with configured(maxmemory=little, maxmemory_policy="volatile-lru"):
        for round in range(1, 6):
            ids += send(busy, round)
            busy.run(60)
        assert client.info("stats")["evicted_keys"] > 0
        housekeeping.keep()
        assert reserving.knows_since() > 0
        assert send(busy, 0) == ids[:USERS]  # their keys may be gone from Redis: SQL answers
    busy.run()
    assert_each_came_once(ids)


def test_a_redis_that_refuses_to_write_is_waited_for(busy: Pipeline):
    version = str(get_redis().info("server")["redis_version"])
    if int(version.partition(".")[0]) < 7:
        pytest.skip(f"Redis {version} gives a refusal inside a script as the script's own error; a full Redis needs 7")
    ids = send(busy)
    busy.turns(2)  # its worker has a batch in its hands, and nowhere to say that it is done
    with configured(maxmemory=1, maxmemory_policy="noeviction"):
        ids += send(busy, 1)
        busy.turns(50)
        assert busy.busy()
    busy.run(60)
    assert_each_came_once(ids)
