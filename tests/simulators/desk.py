"""The simulators' control endpoint: what each received, and faults, by HTTP and on a page.

GET  /                        the page
GET  /state                   every provider: what it was told last, counts, connections, the latest messages
GET  /received/<provider>     what it received, oldest first, as plain words
GET  /messages?address=…      what was received for these addresses, newest first
POST /orders/<provider>       the orders of `control.Script.apply`, as JSON: {"limit": 10}, {"goaway": {}}
POST /modes/<provider>        {"mode": "down"}: a fault by its name (faults.py); "ok" takes all back
POST /receipts/<provider>     {"copies": 2, "shuffles": true, "posts_receipts": false}
POST /browsers                {"name": "anna-laptop"}: a subscription at the push service, to register as a device
POST /calm                    takes everything back, everywhere

Only for this machine: it listens on loopback, answers to loopback's names, and takes JSON alone, which a page from
elsewhere can't send.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.simulators import faults
from tests.simulators.control import Received
from tests.simulators.fleet import Fleet, Part
from tests.simulators.http1 import Http1Simulator
from tests.simulators.shown import shown
from tests.simulators.webpush import path_of

PAGE = Path(__file__).with_name("desk.html")
LATEST, MOST = 12, 500
NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
RECEIPTS = {"copies": int, "shuffles": bool, "posts_receipts": bool, "pause_s": float}
BROWSER = re.compile(r"[A-Za-z0-9_-]{1,40}")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Desk(Http1Simulator):
    """The endpoint of a fleet."""

    def __init__(self, fleet: Fleet) -> None:
        super().__init__(port=fleet.ports["control"])
        self.fleet = fleet
        self.modes = dict.fromkeys(fleet.parts, faults.OK)

    def routes(self, router: web.UrlDispatcher) -> None:
        router.add_get("/", _guarded(self._page))
        router.add_get("/state", _guarded(self._state))
        router.add_get("/received/{provider}", _guarded(self._received))
        router.add_get("/messages", _guarded(self._messages))
        router.add_post("/orders/{provider}", _guarded(self._order))
        router.add_post("/modes/{provider}", _guarded(self._mode))
        router.add_post("/receipts/{provider}", _guarded(self._receipts))
        router.add_post("/browsers", _guarded(self._browser))
        router.add_post("/calm", _guarded(self._calm))

    async def _page(self, request: web.Request) -> web.StreamResponse:
        return web.Response(text=PAGE.read_text(encoding="utf-8"), content_type="text/html")

    async def _state(self, request: web.Request) -> web.StreamResponse:
        latest = int(request.query.get("latest", LATEST))
        return web.json_response({"providers": [self._told(part, latest) for part in self.fleet.parts.values()]})

    def _told(self, part: Part, latest: int) -> dict[str, Any]:
        script = part.simulator.script
        newest = _copy(script)[-latest:] if latest else []
        told = {"name": part.name, "label": part.label, "channel": part.channel, "port": part.port}
        told |= {"mode": self.modes[part.name], "modes": {m: faults.WORDS[m] for m in faults.modes_of(part.name)}}
        told |= {"counts": dict(script.counts), "connections": script.connections}
        if receipts := self.fleet.receipts.get(part.name):
            told["receipts"] = {name: getattr(receipts, name) for name in RECEIPTS}
            told["posted"] = len(receipts.posted)
        return {**told, "latest": [shown(part.name, each) for each in reversed(newest)]}

    async def _received(self, request: web.Request) -> web.StreamResponse:
        part = self._part(request)
        return web.json_response({"received": [shown(part.name, each) for each in _copy(part.simulator.script)]})

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        wanted = frozenset(path_of(address) for address in request.query.getall("address", []))
        most = min(MOST, int(request.query.get("limit", MOST)))
        found = [
            shown(part.name, each)
            for part in self.fleet.parts.values()
            for each in _copy(part.simulator.script)
            if each.address in wanted
        ]
        found.sort(key=lambda each: -each["at_ms"])
        return web.json_response({"messages": found[:most]})

    async def _order(self, request: web.Request) -> web.StreamResponse:
        part, given = self._part(request), await _json(request)
        try:
            part.simulator.script.apply(given)
        except (ValueError, TypeError) as error:
            raise _problem(str(error)) from error
        self.modes[part.name] = "ordered"
        return web.json_response({"ordered": list(given)})

    async def _mode(self, request: web.Request) -> web.StreamResponse:
        part, mode = self._part(request), (await _json(request)).get("mode", "")
        if mode != faults.OK and mode not in faults.modes_of(part.name):
            raise _problem(f"no such mode: {mode}; one of ok, {', '.join(faults.modes_of(part.name))}")
        self.fleet.calm(part.name)
        part.simulator.script.apply(faults.orders(part.name, mode))
        self.modes[part.name] = mode
        return web.json_response(self.modes)

    async def _receipts(self, request: web.Request) -> web.StreamResponse:
        name, given = request.match_info["provider"], await _json(request)
        target = self.fleet.receipts.get(name)
        if target is None:
            raise _problem(f"{name} posts no receipts; one of {', '.join(self.fleet.receipts)}")
        for field, value in given.items():
            if field not in RECEIPTS:
                raise _problem(f"no such field: {field}; one of {', '.join(RECEIPTS)}")
            setattr(target, field, RECEIPTS[field](value))
        return web.json_response({field: getattr(target, field) for field in RECEIPTS})

    async def _browser(self, request: web.Request) -> web.StreamResponse:
        name = (await _json(request)).get("name", "")
        if not isinstance(name, str) or not BROWSER.fullmatch(name):
            raise _problem("name: letters, digits, - and _, at most 40")
        token = self.fleet.parts["webpush"].simulator.subscribe(name)
        return web.json_response({"platform": "web", "token": token})

    async def _calm(self, request: web.Request) -> web.StreamResponse:
        self.fleet.calm()
        self.modes = dict.fromkeys(self.fleet.parts, faults.OK)
        for each in self.fleet.receipts.values():
            each.copies, each.shuffles, each.posts_receipts = 1, False, True
        return web.json_response(self.modes)

    def _part(self, request: web.Request) -> Part:
        name = request.match_info["provider"]
        if name not in self.fleet.parts:
            raise _problem(f"no such provider: {name}; one of {', '.join(self.fleet.parts)}", web.HTTPNotFound)
        return self.fleet.parts[name]


def _guarded(handler: Handler) -> Handler:
    """Refuses who comes under another name (a page that had its name point here), and what isn't JSON."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        host = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
        if host not in NAMES:
            raise web.HTTPForbidden
        if request.method == "POST" and request.content_type != "application/json":
            raise _problem("send JSON", web.HTTPUnsupportedMediaType)
        answer = await handler(request)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    return guarded


async def _json(request: web.Request) -> dict[str, Any]:
    try:
        given = await request.json()
    except ValueError as error:
        raise _problem("this is no JSON") from error
    if not isinstance(given, dict):
        raise _problem("an object is asked for")
    return given


def _copy(script: Any) -> list[Received]:
    with script.changed:
        return list(script.received)


def _problem(why: str, kind: type[web.HTTPError] = web.HTTPBadRequest) -> web.HTTPError:
    return kind(text=json.dumps({"detail": why}), content_type="application/json")
