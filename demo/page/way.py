"""The way of one notification, stage by stage, with the milliseconds each took. Pure: from what the tracker stored.

The trunk goes from acceptance to the end of routing; then each channel has a lane of its own: its queue, every try,
the tracker. Times are ms since the epoch; a stage's `ms` is the time since the one before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from notifications import status as words
from notifications import timeline
from notifications.records import ChannelDecision, Decision
from notifications.store.port import LogEntry
from notifications.topology import CHANNELS
from notifications.words import sentence

TRUNK = (("log", "polled"), ("routed", "routed"), ("rendered", "rendered"))
_ENDED_EARLY = (words.DROPPED, words.CANCELLED)


def accepted(told: dict[str, Any], accepted_at: int) -> dict[str, Any]:
    """The way of what stands on the log and isn't decided yet; `told` as `timeline.accepted` gives it."""
    return {**told, "trunk": [_stage("accepted", accepted_at, accepted_at)], "lanes": [], "took_ms": None}


def way(decisions: Sequence[Decision], cells: Sequence[LogEntry]) -> dict[str, Any]:
    """`timeline.told`, and with it `trunk`, `lanes` (in the order of CHANNELS) and `took_ms`, None while under way."""
    told = timeline.told(decisions, cells)
    lanes = [
        _lane(channel, told["channels"][channel], decisions, [cell for cell in cells if cell.channel == channel])
        for channel in CHANNELS
        if channel in told["channels"]
    ]
    first = decisions[0]
    return {**told, "trunk": _trunk(first), "lanes": lanes, "took_ms": _took(first.event.accepted_at, lanes)}


def _trunk(decision: Decision) -> list[dict[str, Any]]:
    before = decision.event.accepted_at
    stages = [_stage("accepted", before, before)]
    for name, stamp in TRUNK:
        if at := decision.stamps.get(stamp):
            stages.append(_stage(name, at, before))
            before = at
    return stages


def _stage(name: str, at: int, before: int) -> dict[str, Any]:
    return {"name": name, "at": at, "ms": max(0, at - before)}


def _lane(
    channel: str, status: dict[str, Any], decisions: Sequence[Decision], cells: Sequence[LogEntry]
) -> dict[str, Any]:
    decision, verdict = _latest(channel, decisions)
    tries = [_try(cell) for cell in cells if cell.attempt > 0]
    last = max((one["at"] for one in tries), default=decision.at)
    lane = {
        "channel": channel,
        "verdict": verdict.verdict,
        "why": verdict.detail or sentence(verdict.reason),
        "setting": verdict.setting,
        "bucket": words.ledger_bucket(status["status"]),
        **status,
        "stages": _stages(decision, cells),
        "tries": tries,
        "sends": len({one["send"] for one in tries} - {""}) or len(verdict.sends),
        "fell_back_from": decision.event.fell_back_from or "",
        "due": _due(status, verdict, cells),
        "last_at": last,
    }
    return lane


def _latest(channel: str, decisions: Sequence[Decision]) -> tuple[Decision, ChannelDecision]:
    return next(
        (decision, verdict)
        for decision in reversed(decisions)
        for verdict in decision.channels
        if verdict.channel == channel
    )


def _stages(decision: Decision, cells: Iterable[LogEntry]) -> list[dict[str, Any]]:
    """Queue, provider, tracker of the first try that has them: what the first light goes through."""
    begun = [cell for cell in cells if cell.attempt > 0 and cell.detail.get("stamps")]
    if not begun:
        return []
    first = min(begun, key=lambda cell: cell.at)
    stamps, before = first.detail["stamps"], decision.at
    polled = max(stamps.get("polled") or first.detail.get("started_at") or 0, before)
    stages = [_stage("queue", polled, before), _stage("provider", first.at, polled)]
    if tracked := stamps.get("tracked"):
        stages.append(_stage("tracked", tracked, first.at))
    return stages


def _try(cell: LogEntry) -> dict[str, Any]:
    detail = cell.detail
    started = detail.get("started_at") or 0
    error, reason = detail.get("error", ""), detail.get("reason", "")
    return {
        "send": cell.send,
        "attempt": cell.attempt,
        "status": cell.status,
        "at": cell.at,
        "ms": max(0, cell.at - started) if started else 0,
        "provider": detail.get("provider", ""),
        "error": error,
        "words": detail.get("detail") or sentence(reason) or (sentence(error, error=True) if error else ""),
        "due": detail.get("due") or 0,
    }


def _due(status: dict[str, Any], verdict: ChannelDecision, cells: Iterable[LogEntry]) -> int:
    """When what waits goes on (ms), 0 when nothing waits."""
    if words.is_final(status["status"]):
        return 0
    dues = [cell.detail.get("due") or 0 for cell in cells if cell.status == status["status"]]
    return max([*dues, verdict.due or 0 if verdict.verdict == "defer" else 0])


def _took(accepted_at: int, lanes: Sequence[dict[str, Any]]) -> int | None:
    if not lanes or any(lane["bucket"] == words.LEDGER_IN_FLIGHT for lane in lanes):
        return None
    ends = [lane["stages"][1]["at"] for lane in lanes if lane["stages"] and lane["status"] not in _ENDED_EARLY]
    return max(0, max(ends) - accepted_at) if ends else None
