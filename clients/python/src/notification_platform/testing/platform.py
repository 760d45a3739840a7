"""The fake itself: what it took, what it answers, and how a test makes it fail."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec

from notification_platform.client import AsyncClient, Client
from notification_platform.errors import (
    Conflict,
    InvalidRequest,
    NotFound,
    Refused,
    Unauthenticated,
    Unavailable,
    Unprocessable,
)
from notification_platform.retrying import Retries
from notification_platform.testing.flaws import parsed, refused
from notification_platform.testing.refusing import MAX_BYTES, FakeType, refuse, too_large

ADDRESS = "http://fake.platform/api/v1"
TOKEN = "nps_fake"  # noqa: S105  nobody's
MAX_EVENTS = 1_000
SCOPES = ("notifications:send", "notifications:read")
QUICK = Retries(first_s=0.001, longest_s=0.002)


class Sent(msgspec.Struct):
    """An event that was taken. `status` and `channels` are what `status()` tells."""

    notification_id: str
    type: str
    user: str
    data: Mapping[str, Any]
    body: Mapping[str, Any]
    at: datetime
    status: str = "accepted"
    channels: dict[str, str] = {}


class FakePlatform:
    """A platform that knows `types` (names, or FakeTypes) and refuses what the real one would refuse.

    `scopes` and `may_send` are the token's. Any number of clients, threads and loops may use it.
    """

    def __init__(
        self,
        types: Iterable[str | FakeType],
        *,
        scopes: Iterable[str] = SCOPES,
        may_send: Iterable[str] = (),
        token: str = TOKEN,
    ) -> None:
        known = [FakeType(each) if isinstance(each, str) else each for each in types]
        self.types = {each.name: each for each in known}
        self.scopes, self.may_send, self.token = frozenset(scopes), frozenset(may_send), token
        self.sent: list[Sent] = []
        self._keys: dict[str, tuple[Any, Any]] = {}
        self._away = 0
        self._lock = threading.Lock()

    # --- for the test

    def client(self, **options: Any) -> Client:
        """A client of this platform."""
        http = httpx.Client(transport=httpx.MockTransport(self.answer))
        given: dict[str, Any] = {"http": http, "retries": QUICK} | options
        return Client(ADDRESS, self.token, **given)

    def async_client(self, **options: Any) -> AsyncClient:
        """An asynchronous client of this platform."""
        http = httpx.AsyncClient(transport=httpx.MockTransport(self.answer))
        given: dict[str, Any] = {"http": http, "retries": QUICK} | options
        return AsyncClient(ADDRESS, self.token, **given)

    def be_away(self, times: int = 1) -> None:
        """The next calls meet 503."""
        self._away = times

    def end(self, notification_id: str, **channels: str) -> None:
        """Gives a notification its outcome: `end(id, email="delivered", push="dropped")`."""
        one = self._find(notification_id)
        one.channels = channels
        words = set(channels.values())
        one.status = next((word for word in ("parked", "dropped") if words <= {word, "dropped"}), "delivered")

    def clear(self) -> None:
        """Forgets what was sent."""
        self.sent.clear()
        self._keys.clear()

    # --- as a server

    def answer(self, request: httpx.Request) -> httpx.Response:
        """What the platform would answer."""
        with self._lock:
            try:
                status, told = self._answer(request)
            except Refused as error:
                status, told = error.status, problem(error)
        kind = "application/json" if status < 400 else "application/problem+json"
        return httpx.Response(status, content=msgspec.json.encode(told), headers={"Content-Type": kind})

    def _answer(self, request: httpx.Request) -> tuple[int, Any]:
        if self._away:
            self._away -= 1
            raise Unavailable("Nothing was written.", code="unavailable", status=503, retry_after=0.0)
        if request.headers.get("authorization") != f"Bearer {self.token}":
            raise Unauthenticated("The token is not valid.", code="unauthenticated", status=401)
        path = request.url.path.removeprefix("/api/v1/")
        raw, key = request.content, request.headers.get("idempotency-key")
        match request.method, path.split("/"):
            case "POST", ["notifications"]:
                if len(raw) > MAX_BYTES:
                    raise too_large("$")
                return 202, self._once(key, parsed(raw), self._take)
            case "POST", ["notifications", "batch"]:
                return 202, self._once(key, _batch(parsed(raw)), self._take_all)
            case "GET", ["notifications", id]:
                return 200, self._told(self._find(id))
            case "DELETE", ["notifications", id]:
                return 200, self._cancelled(self._find(id))
            case "GET", ["whoami"]:
                return 200, self._whoami()
            case "GET", ["types"]:
                return 200, {"types": [self._type(each) for each in self.types.values()]}
        raise NotFound(f"The fake has no {request.method} {path}.", code="not_found", status=404)

    def _whoami(self) -> dict[str, Any]:
        return {"kind": "service", "name": "fake", "scopes": sorted(self.scopes), "types": sorted(self.may_send)}

    def _type(self, its: FakeType) -> dict[str, Any]:
        told: dict[str, Any] = msgspec.to_builtins(its)
        return told | {"allowed": not self.may_send or its.name in self.may_send}

    def _once(self, key: str | None, body: Any, work: Any) -> Any:
        """The first answer for a key; another body under it is refused."""
        if key is None:
            return work(body)
        if key in self._keys:
            first, answer = self._keys[key]
            if first != body:
                raise Unprocessable(
                    "This Idempotency-Key was used with another body.",
                    field="Idempotency-Key",
                    code="idempotency_mismatch",
                    status=422,
                    remedy="Use a new key for a new body, or repeat the first body exactly.",
                )
            return answer
        answer = work(body)
        self._keys[key] = body, answer
        return answer

    def _take_all(self, bodies: list[Any]) -> dict[str, Any]:
        results = [self._result(index, body) for index, body in enumerate(bodies)]
        taken = sum(each["status"] == "accepted" for each in results)
        return {"accepted": taken, "refused": len(results) - taken, "results": results}

    def _result(self, index: int, body: Any) -> dict[str, Any]:
        try:
            key = body.get("idempotency_key") if isinstance(body, dict) else None
            taken: dict[str, Any] = self._once(key if isinstance(key, str) else None, body, self._take)
            return taken
        except Refused as error:
            inner = error.field if error.field not in (None, "$") else ""
            field = f"notifications[{index}]" + (f".{inner}" if inner else "")
            return {"status": "refused", "error": problem(error) | {"field": field}}

    def _take(self, body: Any) -> dict[str, Any]:
        refuse(body, self.types, scopes=self.scopes, may_send=self.may_send)
        its, id = self.types[body["type"]], f"notif_{uuid.uuid4().hex}"
        user = body["target"]["user_id"]
        self.sent.append(Sent(id, its.name, user, body.get("data", {}), body, datetime.now(UTC)))
        channels = [each for each in its.channels if each in (body.get("channels") or its.channels)]
        return {"notification_id": id, "status": "accepted", "estimated_channels": channels}

    def _find(self, id: str) -> Sent:
        found = next((each for each in self.sent if each.notification_id == id), None)
        if found is None:
            raise NotFound("There is no such notification here.", field="id", code="not_found", status=404)
        return found

    def _told(self, one: Sent) -> dict[str, Any]:
        its, at = self.types[one.type], one.at.isoformat()
        return {
            "notification_id": one.notification_id,
            "user_id": one.user,
            "type": one.type,
            "priority": one.body.get("priority") or its.priority,
            "lane": "standard",
            "accepted_at": at,
            "schedule_at": one.body.get("schedule_at"),
            "expires_at": one.body.get("expires_at"),
            "status": one.status,
            "channels": {name: {"status": word, "meaning": ""} for name, word in one.channels.items()},
            "timeline": [{"at": at, "status": "accepted"}],
            "event": one.body,
        }

    def _cancelled(self, one: Sent) -> dict[str, Any]:
        due = one.body.get("schedule_at")
        if due is None:
            raise Conflict("Nothing of it waits.", code="conflict", status=409)
        one.status = "dropped"
        channels = one.body.get("channels") or self.types[one.type].channels
        rows = [{"channel": each, "status": "cancelled", "was": "scheduled", "due_at": due} for each in channels]
        return {"notification_id": one.notification_id, "status": "cancelled", "channels": rows}


def problem(error: Refused) -> dict[str, Any]:
    """A refusal as problem details (RFC 9457)."""
    names = ("title", "status", "detail", "code", "field", "remedy", "retry_after")
    told = {name: getattr(error, name) for name in names}
    return {name: value for name, value in told.items() if value is not None}


def _batch(body: Any) -> list[Any]:
    if not isinstance(body, dict) or set(body) != {"notifications"} or not isinstance(body["notifications"], list):
        raise refused("A batch is an object with `notifications`.", "notifications", "Send a list of events.")
    if not 0 < len(body["notifications"]) <= MAX_EVENTS:
        raise InvalidRequest(
            f"A batch holds 1 to {MAX_EVENTS} notifications.",
            field="notifications",
            code="batch_size",
            status=400,
            remedy=f"Split it into calls of at most {MAX_EVENTS}.",
        )
    return list(body["notifications"])
