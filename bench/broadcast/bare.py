"""The bare cost of the same: the same users read by the same driver, the same bytes appended to the same log.

    python -m bench.broadcast.bare RECIPIENTS

What ours put on the topics is read back once, before the clock runs, as bytes; then: the users' columns in pages out of
SQLite, those bytes appended and read, with no object made of a user and no logic. Prints JSON.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from bench.broadcast import world

PAGE = 5_000
RECORDS_AT_ONCE = 32
TOPICS = ("notifications.bulk", "notifications.in_app.bulk", "notifications.push.bulk", "notifications.delivery")
COLUMNS = "SELECT id, user_id, locale, time_zone, email, phone, quiet_hours, erased_at FROM preferences_user"


def main() -> None:
    world.open_up()
    recipients = int(sys.argv[1])
    messages = _written()
    started, cpu = time.perf_counter(), time.process_time()
    _read_users(recipients)
    size = _append(messages)
    told = {"seconds": time.perf_counter() - started, "cpu_seconds": time.process_time() - cpu, "mb": size / 2**20}
    json.dump(told | {"recipients": recipients}, sys.stdout)


def _written() -> list[Any]:
    from notifications.log import get_log
    from notifications.log.port import Message

    log = get_log()
    return [
        Message(topic, record.key, record.value)
        for topic in TOPICS
        for partition, end in log.end_offsets(topic).items()
        for record in log.read(topic, partition, 0, end)
    ]


def _read_users(recipients: int) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        for first in range(0, recipients, PAGE):
            cursor.execute(f"{COLUMNS} WHERE id > %s ORDER BY id LIMIT %s", [first, PAGE])
            cursor.fetchall()


def _append(messages: list[Any]) -> int:
    from notifications.log import get_log

    log = get_log()
    before = {topic: log.end_offsets(topic) for topic in TOPICS}
    for start in range(0, len(messages), RECORDS_AT_ONCE):
        log.produce(messages[start : start + RECORDS_AT_ONCE])
    size = 0
    for partition, end in log.end_offsets(TOPICS[0]).items():  # the bulk topic is read again, by the router
        for record in log.read(TOPICS[0], partition, before[TOPICS[0]][partition], end):
            size += len(record.value)
    return size + sum(len(message.value) for message in messages)


if __name__ == "__main__":
    main()
