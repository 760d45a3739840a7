"""`python -m bench.segments [users]`: segments over a million users in SQLite: counted, walked, in how much memory.

Users are seeded by one bulk statement a table in a folder of their own, which is removed afterwards. Each measurement
is a process of its own, so that its peak memory is its own; CPU seconds tell more than wall time on a busy machine.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

USERS = 1_000_000
PAGE = 10_000
ASLEEP: dict[str, Any] = {"kind": "not", "of": {"kind": "active", "within_days": 30}}
GERMAN: dict[str, Any] = {"kind": "locale", "any_of": ["de"]}
PRO: dict[str, Any] = {"kind": "attribute", "name": "plan", "value": "pro"}
NOT_MAILED: dict[str, Any] = {"kind": "not", "of": {"kind": "delivery", "channel": "email", "within_days": 7}}
CONDITIONS: dict[str, dict[str, Any]] = {
    "everybody": {},
    "locale": GERMAN,
    "attribute": PRO,
    "nested: (de or plan pro) and asleep and not mailed for 7 days": {
        "kind": "all",
        "of": [{"kind": "any", "of": [GERMAN, PRO]}, ASLEEP, NOT_MAILED],
    },
}

NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %s)"
# ruff: noqa: S608  statements of this file's own words
# Locales, plans and activity in shares that no index guesses: one in four reads German, one in five pays.
SEED = (
    "INSERT INTO preferences_user (user_id, locale, time_zone, email, phone, attributes, last_active, created_at, "
    f"updated_at) {NUMBERS} SELECT 'usr_' || i, CASE i %% 4 WHEN 0 THEN 'de-DE' ELSE 'en-GB' END, 'Europe/Berlin', "
    "'u' || i || '@example.com', '', CASE i %% 5 WHEN 0 THEN '{\"plan\": \"pro\", \"seats\": 3}' ELSE "
    "'{\"plan\": \"free\"}' END, datetime('now', '-' || (i %% 90) || ' days'), datetime('now'), datetime('now') FROM n",
    f"INSERT INTO preferences_deliverysummary (user, type, channel, sent_on) {NUMBERS} "
    "SELECT 'usr_' || i, 'weekly_digest', 'email', date('now', '-' || (i %% 14) || ' days') FROM n",
)


def main() -> None:
    if len(sys.argv) > 2:
        _PART[sys.argv[1]](*sys.argv[2:])
        return
    users = int(sys.argv[1]) if len(sys.argv) > 1 else USERS
    folder = tempfile.mkdtemp(prefix="bench-segments-")
    try:
        _in_a_process(folder, "seed", str(users))
        for name in CONDITIONS:
            for part in ("count", "walk"):
                print(json.dumps(_in_a_process(folder, part, name), ensure_ascii=False), flush=True)
    finally:
        shutil.rmtree(folder)


def _in_a_process(folder: str, *arguments: str) -> Any:
    environment = {**os.environ, "VAR": folder, "DJANGO_SETTINGS_MODULE": "config.settings"}
    done = subprocess.run(
        [sys.executable, "-m", "bench.segments", *arguments], env=environment, check=True, stdout=subprocess.PIPE
    )
    return json.loads(done.stdout.splitlines()[-1])


def seed(users: str) -> None:
    """Makes the tables and fills them."""
    _set_up()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", database="default", verbosity=0)
    with connection.cursor() as cursor:
        for statement in SEED:
            cursor.execute(statement, [int(users)])
    print(json.dumps({"users": int(users)}))


def count(name: str) -> None:
    """Counts, exactly."""
    _set_up()
    from preferences.segments import parse_condition
    from preferences.segments.walking import counted

    _told(name, "count", lambda: counted(parse_condition(CONDITIONS[name])))


def walk(name: str) -> None:
    """Walks all of them page by page, as a broadcast does."""
    _set_up()
    from preferences.segments import parse_condition

    node = parse_condition(CONDITIONS[name])
    _told(name, f"walk, {PAGE:,} a page", lambda: sum(_pages(node)))


def _pages(node: Any) -> Iterator[int]:
    from preferences.segments.walking import first

    after = 0
    while found := first(node, after=after, limit=PAGE):
        yield len(found)
        after = found[-1].key


def _told(name: str, what: str, work: Any) -> None:
    """Prints what came out, its time, and this process's peak memory, with what it was before."""
    before, began, cpu = _peak_mb(), time.perf_counter(), time.process_time()
    members = work()
    told = {
        "condition": name,
        "what": what,
        "members": members,
        "seconds": round(time.perf_counter() - began, 2),
        "cpu_seconds": round(time.process_time() - cpu, 2),
        "peak_mb": round(_peak_mb()),
        "of_it_before": round(before),
    }
    print(json.dumps(told, ensure_ascii=False))


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _set_up() -> None:
    import django

    django.setup()


_PART = {"seed": seed, "count": count, "walk": walk}

if __name__ == "__main__":
    main()
