"""Time per stage of a sample, from the stamps that the tracker keeps. `python -m bench.stages < ids.json`"""

from __future__ import annotations

import json
import os
import statistics
import sys
from collections import defaultdict

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from notifications.store import get_store

    ids = json.load(sys.stdin)["ids"]
    times: dict[str, list[int]] = defaultdict(list)
    for found in get_store().details(ids).values():
        decision = found[0].decision
        stamps = decision.stamps
        times["log → router"].append(stamps["polled"] - decision.event.accepted_at)
        times["route"].append(stamps["routed"] - stamps["polled"])
        times["render"].append(stamps["rendered"] - stamps["routed"])
        times["fan out"].append(decision.at - stamps["rendered"])
    for cells in get_store().timelines(ids).values():
        for cell in cells:
            stamps = cell.detail.get("stamps", {})
            if cell.send and {"made", "polled", "tracked"} <= stamps.keys():
                times[f"log → {cell.channel}"].append(stamps["polled"] - stamps["made"])
                times[f"deliver {cell.channel}"].append(cell.at - stamps["polled"])
                times["report → tracked"].append(stamps["tracked"] - cell.at)
    json.dump({name: statistics.median(values) for name, values in times.items()}, sys.stdout)


if __name__ == "__main__":
    main()
