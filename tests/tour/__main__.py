"""Makes the pictures of docs/tour.md: `python -m tests.tour` walks the tour on a platform of its own.

With `--url http://localhost:8000 --env var/demo.env` it walks on a demo that runs and that nobody walked on before.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from demo.env_file import read
from tests.running import ROOT, Platform
from tests.tour.staff import chromium
from tests.tour.walk import walk

PICTURES = ROOT / "docs" / "tour"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.tour", description=__doc__)
    parser.add_argument("--url", help="a running demo; without it one is started")
    parser.add_argument("--env", type=Path, help="its demo.env")
    parser.add_argument("--to", type=Path, default=PICTURES, help="the folder of the pictures")
    asked = parser.parse_args()
    asked.to.mkdir(parents=True, exist_ok=True)
    platform = None if asked.url else Platform().start()
    try:
        url = f"http://localhost:{platform.port}" if platform else asked.url
        password = (platform.demo if platform else read(asked.env))["ADMIN_PASSWORD"]
        with chromium() as browser:
            troubles = walk(browser, url=url, password=password, pictures=asked.to, tell=print)
    finally:
        if platform:
            platform.stop()
    print("\n".join(troubles) or "no page failed")
    return bool(troubles)


if __name__ == "__main__":
    sys.exit(main())
