"""`python -m bench.broadcast.beside`: critical and high, without a broadcast and while one runs (contract §7).

The demo's town gets a broadcast at RATE a second; before and meanwhile LOAD of each priority a second are sent to one
after the other of the town. From accepted until the inbox had it, by the delivery log.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time

from bench.figures import percentiles, print_table
from tests.running import ROOT, Platform, until

RATE, LOAD, SECONDS = 1_000, 10, 20
FREE = {"BROADCAST_OWN_RATE": "1000000", "BROADCAST_APPROVAL_ABOVE": "1000000000"}
TOWN, PEOPLE = "town", 100_000  # demo/town.py
PRIORITIES = ("critical", "high")
SETTLED_WITHIN_S = 60
KIND = "payment_failed"


def main() -> None:
    platform = Platform(FREE).start()
    try:
        _measured(platform, "processes that have just begun", 0)
        rows = [_measured(platform, "nothing else", LOAD * SECONDS)]
        _broadcast(platform)
        rows.append(_measured(platform, f"a broadcast at {RATE:,}/s", 2 * LOAD * SECONDS))
    finally:
        platform.stop()
    print_table(
        "accepted → in the inbox, beside a broadcast",
        [row for found in rows for row in found],
        [f"{LOAD} of each priority a second for {SECONDS} s; {PEOPLE:,} recipients of the broadcast"],
    )


def _broadcast(platform: Platform) -> None:
    body = {
        "type": "platform_announcement",
        "target": {"type": "segment", "segment": TOWN},
        "data": {"title": "New Feature: Dark Mode!", "body": "Try our new dark mode in settings."},
        "channels": ["in_app"],
        "throttle": {"rate": RATE, "strategy": "round_robin"},
    }
    with platform.client("ADMIN_TOKEN") as api:
        id = api.post("/notifications/broadcast", json=body).raise_for_status().json()["broadcast_id"]
        until(lambda: api.get(f"/broadcasts/{id}").json()["expanded"] > RATE, SETTLED_WITHIN_S, "it goes out")


def _measured(platform: Platform, beside: str, first: int) -> list[dict[str, str]]:
    ids: dict[str, list[str]] = {name: [] for name in PRIORITIES}
    example = json.loads(platform.manage("shell", "-c", _EXAMPLE).stdout.splitlines()[-1])
    began = time.monotonic()
    with platform.client("ADMIN_TOKEN") as api:
        for number in range(LOAD * SECONDS):
            time.sleep(max(0.0, began + number / LOAD - time.monotonic()))
            for priority in PRIORITIES:
                event = {
                    "type": KIND,
                    "target": {"type": "user", "user_id": f"town_{first + number:05d}"},
                    "priority": priority,
                    "channels": ["in_app"],
                    "data": example,
                }
                answer = api.post("/notifications", json=event).raise_for_status().json()
                ids[priority].append(answer["notification_id"])
        last = ids[PRIORITIES[-1]][-1]
        until(
            lambda: api.get(f"/notifications/{last}").json()["status"] not in ("accepted", "pending"),
            SETTLED_WITHIN_S,
            "the last one is in its inbox",
        )
    return [_row(platform, beside, priority, found) for priority, found in ids.items()]


_EXAMPLE = (
    "import json; from templates_app.models import NotificationType; "
    f"print(json.dumps(NotificationType.objects.get(name='{KIND}').example))"
)


def _row(platform: Platform, beside: str, priority: str, ids: list[str]) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.handed"],
        cwd=ROOT,
        env=platform.environment,
        input=json.dumps({"ids": ids}),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    waits = json.loads(done.stdout)["seconds"]
    at = percentiles(waits)
    measured = f"p50 {at['p50']:.0f} ms, p95 {at['p95']:.0f} ms of {len(waits)}"
    return {"what": priority, "beside": beside, "measured": measured}


if __name__ == "__main__":
    main()
