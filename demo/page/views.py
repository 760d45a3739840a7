"""The page and what it asks for: choices, sending, explaining, a user's token, switches, kills, the crowd."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Annotated, Any

import msgspec
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET, require_POST

from demo import crowd, env_file
from demo.management.commands.crowd import PATH as CROWD_PATH
from demo.page import choices, processes, steering
from demo.page.access import answer, body_of, demo_only
from demo.processes import MANAGE
from foundation.clock import now_ms
from foundation.errors import Conflict
from foundation.redis import get_redis
from notifications.credentials import TokenFacts, authenticate, make_user_token
from notifications.explain import explain
from notifications.sending import SendRequest, UserId
from notifications.together import accept_one
from templates_app.catalog import get_catalog

CROWD_MOST = 100_000
STYLES = ("base.css", "board.css", "compose.css", "way.css", "phone.css", "outbox.css", "break.css")


class _Who(msgspec.Struct, forbid_unknown_fields=True):
    user_id: UserId


class _Switch(msgspec.Struct, forbid_unknown_fields=True):
    provider: str
    mode: str


class _Crowd(msgspec.Struct, forbid_unknown_fields=True):
    count: Annotated[int, msgspec.Meta(ge=1, le=CROWD_MOST)]


@require_GET
@demo_only
@ensure_csrf_cookie
def page(request: HttpRequest) -> HttpResponse:
    """The page itself; everything it chooses from is in it."""
    found = render(request, "demo/page.html", _context())
    found["Cache-Control"] = "no-store"
    return found


def _context() -> dict[str, Any]:
    return {"choices": choices.everything(), "styles": STYLES, "simulators": settings.SIMULATORS_URL}


@require_GET
@demo_only
def choose(request: HttpRequest) -> HttpResponse:
    """The choices anew: types and people change in the admin."""
    return answer(choices.everything())


@require_POST
@demo_only
def send(request: HttpRequest) -> HttpResponse:
    """One event, accepted as the API accepts it, with the token of the service that owns the type."""
    asked = body_of(request, SendRequest)
    return answer(accept_one(asked, _token_for(asked)), status=202)


@require_POST
@demo_only
def explain_it(request: HttpRequest) -> HttpResponse:
    """What would become of it, and why."""
    asked = body_of(request, SendRequest)
    return answer(explain(asked, _token_for(asked), now=now_ms()))


def _token_for(asked: SendRequest) -> TokenFacts:
    """The service's token; the admin's where the request asks for a priority, which services may not raise."""
    facts = get_catalog().facts(asked.type)
    usual = choices.variable_of(asked.type, facts.priority if facts else "")
    known = env_file.read(settings.VAR / "demo.env")
    return authenticate(known.get("ADMIN_TOKEN" if asked.priority else usual, ""))


@require_POST
@demo_only
def token(request: HttpRequest) -> HttpResponse:
    """A token for the inbox on the drawn phone, as a user's own app would get one."""
    return answer({"token": make_user_token(body_of(request, _Who).user_id)})


@require_POST
@demo_only
def switch(request: HttpRequest) -> HttpResponse:
    """ "This provider is failing"."""
    asked = body_of(request, _Switch)
    return answer(steering.set_mode(asked.provider, asked.mode))


@require_POST
@demo_only
def kill(request: HttpRequest, name: str) -> HttpResponse:
    """kill -9."""
    return answer({"killed": processes.kill(name)}, status=202)


@require_POST
@demo_only
def wipe_redis(request: HttpRequest) -> HttpResponse:
    """FLUSHALL: caches, queues, presence, all of it."""
    get_redis().flushall()
    return answer({"wiped": True}, status=202)


@require_POST
@demo_only
def start_crowd(request: HttpRequest) -> HttpResponse:
    """Starts the generator, a process of its own; one at a time."""
    count = body_of(request, _Crowd).count
    running = crowd.progress(settings.VAR / CROWD_PATH)
    if running and not running.done:
        raise Conflict("The crowd is being sent to already.", remedy="Wait until it is done.")
    with (settings.VAR / "logs" / "crowd.log").open("ab") as output:
        child = subprocess.Popen(
            [sys.executable, MANAGE, "crowd", "--count", str(count)],
            stdout=output,
            stderr=output,
            env=os.environ,
            start_new_session=True,
        )
    return answer({"pid": child.pid}, status=202)


@require_GET
@demo_only
def readme(request: HttpRequest) -> HttpResponse:
    """The README as it is written."""
    if not choices.README.exists():
        raise Http404
    return HttpResponse(choices.README.read_bytes(), content_type="text/plain; charset=utf-8")
