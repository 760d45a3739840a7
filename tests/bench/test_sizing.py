"""docs/sizing.md tells a team how many machines they need."""

from __future__ import annotations

import pytest

from bench import sizing

FIGURES = {
    "machine": {"cores": 2},
    "sustained": {"rate": 1_500.0},
    "per_event": {"log_bytes": {"notifications.raw": 330, "notifications.push": 200}, "store_bytes": 700},
    "roles": {"web": 30, "gateway": 5, "router": 120, "push": 40},
    "servers": {"kafka": 100, "cassandra": 400},
}


def rows(page: str) -> dict[str, list[str]]:
    """The table rows of the page by their first cell."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line[:1] == "|"]
    return {row[0].strip("`"): row[1:] for row in cells}


def test_a_role_s_cores_follow_from_what_it_costs_and_the_rate():
    # 120 CPU-µs at 2,315 events a second are 0.28 of a core, and a core is no busier than 60 %
    assert rows(sizing.page(FIGURES))["router"][:2] == ["120", "0.5"]
    assert sizing.cores(120, 100_000) == pytest.approx(20.0)


def test_a_role_is_scaled_on_the_lag_of_its_group():
    assert rows(sizing.page(FIGURES))["push"][-1] == '`np_log_lag{group="push"}`'


def test_disk_counts_every_copy_and_the_days_it_is_kept():
    # 330 bytes × 200 million × 3 copies × 7 days
    assert rows(sizing.page(FIGURES))["notifications.raw"] == ["330", "66.0", "1,386"]


def test_every_line_of_a_table_has_as_many_cells_as_its_head():
    tables = [block for block in sizing.page(FIGURES).split("\n\n") if block.startswith("|")]
    assert tables
    for table in tables:
        assert len({line.count("|") for line in table.splitlines()}) == 1, table
