"""The standard's own rules for `traceparent`, and what a log line names."""

from __future__ import annotations

import pytest

from foundation.tracing import SHOWN, accept_traceparent, name_work, trace_id, working_on

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GIVEN = f"00-{TRACE}-{PARENT}-01"


@pytest.mark.parametrize("header", [GIVEN, f" {GIVEN} "])
def test_a_callers_trace_is_handed_on_as_it_came(header: str):
    assert accept_traceparent(header) == GIVEN


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "nonsense",
        GIVEN.upper(),
        GIVEN + "-extra",
        GIVEN[:-1],
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"01-{TRACE}-{PARENT}-01extra",
        f"00-{TRACE}-{PARENT}-0g",
    ],
)
def test_what_the_standard_calls_malformed_is_ignored(header: str | None):
    assert accept_traceparent(header) == ""


def test_a_later_version_is_handed_on_as_what_is_known_of_it():
    assert accept_traceparent(f"42-{TRACE}-{PARENT}-ff-more") == GIVEN


def test_without_a_caller_the_trace_is_the_notifications_own():
    assert trace_id("", f"notif_{TRACE}") == TRACE
    assert trace_id(GIVEN, "notif_other") == TRACE


def test_a_line_names_the_first_few_and_only_a_written_line_looks():
    asked = []

    def named():
        asked.append(1)
        return ((f"notif_{number}", GIVEN if number < 2 else "") for number in range(1_000))

    with working_on(named):
        assert not asked
        line = name_work(None, "info", {"event": "x"})
    assert line["notifications"] == [f"notif_{number}" for number in range(SHOWN)]
    assert line["traces"] == [TRACE, "2", "3", "4"]
    assert name_work(None, "info", {"event": "y"}) == {"event": "y"}
