"""One provider, ours or bare, in a process of its own, as JSON: `python -m bench.channels.one apns ours 10000 500`."""

from __future__ import annotations

import json
import os
import sys
import warnings

import django


def main() -> None:
    provider, how, events, size = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    warnings.simplefilter("ignore")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from bench.channels import bare, ours
    from bench.channels.made import LANES
    from delivery.providers.accounts import accounts, secret_files

    lane = LANES[provider]
    if how == "ours":
        from notifications.log import ensure_topics

        ensure_topics()
        seconds, cpu = ours.run(lane, events, size)
    else:
        options = next(account.options for account in accounts() if account.name == provider)
        given = {file.stem: file.read_text() for file in secret_files(options) if file.suffix == ".txt"}
        seconds, cpu = bare.run(lane, events, {**options, **given})
    json.dump({"seconds": seconds, "cpu_seconds": cpu}, sys.stdout)


if __name__ == "__main__":
    main()
