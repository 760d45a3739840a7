"""What tells rows of the store apart where the port's types don't say it."""

from __future__ import annotations

from notifications.records import Decision


def made_for(decision: Decision) -> str:
    """What tells two decisions of one notification apart: their channels, and when the record was put on its topic."""
    return f"{decision.event.now}/{','.join(sorted([verdict.channel for verdict in decision.channels]))}"
