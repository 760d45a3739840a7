"""Accepted → handed to the provider, in ms, of each given notification. `python -m bench.handed < ids.json`"""

from __future__ import annotations

import json
import os
import sys

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from notifications.store import get_store

    ids = json.load(sys.stdin)["ids"]
    store = get_store()
    accepted = {id: found[0].decision.event.accepted_at for id, found in store.details(ids).items()}
    waits: list[float] = []
    by_channel: dict[str, list[float]] = {}
    for id, cells in store.timelines(ids).items():
        for cell in cells:
            if cell.send and cell.status in ("sent", "delivered"):
                waits.append((cell.at - accepted[id]) / 1e3)
                by_channel.setdefault(cell.channel, []).append(waits[-1])
    json.dump({"seconds": waits, "by_channel": by_channel, "asked": len(ids)}, sys.stdout)


if __name__ == "__main__":
    main()
