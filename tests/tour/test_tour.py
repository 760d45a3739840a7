"""docs/tour.md holds: somebody walks it in a real browser, on a running platform, as the roles that it names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import pytest

from tests.running import ROOT, Platform
from tests.tour.staff import CHROMIUM, chromium
from tests.tour.walk import walk

TOUR, PICTURES = ROOT / "docs" / "tour.md", ROOT / "docs" / "tour"
LARGEST = 150_000


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    if not CHROMIUM:
        assert not os.environ.get("CI"), "the tour needs chromium: apt install chromium"
        pytest.skip("no chromium: apt install chromium")
    running = Platform().start()
    yield running
    running.stop()


@pytest.mark.platform
@pytest.mark.browser
def test_the_way_of_the_tour_can_be_walked_from_end_to_end(platform: Platform) -> None:
    """Given the demo as it starts; when the staff do what the tour says; then each page answers as it says."""
    with chromium() as browser:
        troubles = walk(
            browser, url=f"http://localhost:{platform.port}", password=platform.demo["ADMIN_PASSWORD"], tell=print
        )

    assert troubles == []


def test_the_tour_shows_every_picture_that_the_walk_makes_and_no_other() -> None:
    shown = set(re.findall(r"tour/([\w-]+\.png)", TOUR.read_text()))
    there = {file.name: file.stat().st_size for file in PICTURES.glob("*.png")}

    assert shown == set(there)
    assert all(size < LARGEST for size in there.values()), there
