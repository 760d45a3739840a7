"""What the page asks for again and again: the state of everything, one notification's way, a user's outbox.

Polled, not pushed: a poll holds no thread of web and needs nothing of a web that was killed meanwhile. Each part stands
alone, so that a server that is away costs its own part only.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from delivery import breaker
from delivery.ledger import get_ledger
from demo import crowd
from demo.management.commands.crowd import PATH as CROWD_PATH
from demo.page import processes, steering, way
from demo.page.access import answer, demo_only
from demo.page.latest import get_latest
from foundation.clock import now_ms
from foundation.errors import NotFound, PlatformError
from foundation.redis import Unreachable
from notifications import timeline
from notifications.lookup import find_event
from notifications.status import ledger_bucket
from notifications.store import get_store
from notifications.topology import CHANNELS

AWAY = (PlatformError, *Unreachable)
LATEST_SHOWN = 24
OF_USER = 8
OUTBOX_SHOWN = 40
LEDGER_RECORDS = 6_000  # a poll reads at most these, so that web stays quick


@require_GET
@demo_only
def state(request: HttpRequest) -> HttpResponse:
    """`GET /demo/state?user=…`: processes, providers, ledger, crowd, the latest, whether that user's outbox changed."""
    user = request.GET.get("user", "")
    return answer(
        {
            "at": now_ms(),
            "pid": os.getpid(),
            "processes": _part(processes.running),
            "providers": _part(_providers),
            "ledger": _part(lambda: get_ledger().refresh(LEDGER_RECORDS)),
            "crowd": crowd.progress(settings.VAR / CROWD_PATH),
            "latest": _part(lambda: _latest(user)),
            "outbox": _part(lambda: steering.mark(user)),
        }
    )


def _part(read: Callable[[], Any]) -> Any:
    """What `read` gives, None while what it needs is away."""
    try:
        return read()
    except AWAY:
        return None


def _providers() -> dict[str, Any]:
    modes = steering.modes()
    return {name: {"mode": mode, "breaker": breaker.state(name).state} for name, mode in modes.items()}


def _latest(user: str) -> list[dict[str, Any]]:
    store, latest = get_store(), get_latest()
    if user:
        decided = [details.decision for details in store.user_timeline(user, limit=OF_USER)]
        latest.add((one.id, one.event.accepted_at) for one in decided)
    ids = latest.ids(LATEST_SHOWN)
    details, cells = store.details(ids), store.timelines(ids)
    return [
        _short([one.decision for one in details[id]], timeline.channel_statuses, cells.get(id, []))
        for id in ids
        if id in details
    ]


def _short(decisions: list[Any], statuses: Callable[..., dict[str, Any]], cells: list[Any]) -> dict[str, Any]:
    event, found = decisions[0].event, statuses(decisions, cells)
    return {
        "id": decisions[0].id,
        "user": decisions[0].user,
        "type": event.type,
        "priority": event.priority,
        "at": event.accepted_at,
        "channels": {name: ledger_bucket(found[name]["status"]) for name in CHANNELS if name in found},
    }


@require_GET
@demo_only
def one_way(request: HttpRequest, id: str) -> HttpResponse:
    """The way of one notification, from its acceptance on."""
    store = get_store()
    decisions = [details.decision for details in store.details([id]).get(id, [])]
    if decisions:
        return answer(way.way(decisions, store.timelines([id]).get(id, [])))
    event = find_event(id)
    if event is None:
        raise NotFound("There is no such notification here.", field="id", remedy="Check the id.")
    return answer(way.accepted(timeline.accepted(event, id), event.accepted_at))


@require_GET
@demo_only
def user_outbox(request: HttpRequest) -> HttpResponse:
    """What providers took for a user, newest first."""
    return answer({"messages": steering.messages(request.GET.get("user", ""), OUTBOX_SHOWN)})
