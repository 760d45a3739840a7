"""Twilio's REST API as its library sees it: Messages.json with basic authentication, and signed status callbacks.

https://www.twilio.com/docs/messaging/api/message-resource, https://www.twilio.com/docs/usage/security (signatures),
https://www.twilio.com/docs/messaging/guides/track-outbound-message-status (callbacks).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import itertools
import random
import re
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

import aiohttp
import msgspec
from aiohttp import encode_basic_auth, web

from tests.simulators import control
from tests.simulators.control import Answer, Script
from tests.simulators.http1 import Http1Simulator, cut

VERSION = "2010-04-01"
ACCOUNT, TOKEN, SERVICE = "AC" + "1" * 32, "a-token-of-twilio", "MG" + "2" * 32
TRIES, NAP_S = 5, 0.5
MAGIC_SENDER = "+15005550006"
# The HTTP status that a code comes with, where it isn't 400.
STATUS = {20003: 401, 20005: 403, 20006: 403, 20008: 403, 20404: 404, 20429: 429, 63038: 429} | {
    20500: 500,
    20503: 503,
    20504: 504,
    21703: 404,
}


class Callback(msgspec.Struct, frozen=True):
    """One status callback as it goes out: a POST of `form` to `url`."""

    url: str
    form: dict[str, str]
    headers: dict[str, str]


class TwilioSimulator(Http1Simulator):
    """`with TwilioSimulator() as twilio:` serves at `twilio.base_url`; `twilio.script` says how it answers.

    Receipts: `callbacks(sid, …)` gives those of a message, signed; with `posts_receipts` they are posted by themselves,
    `copies` of each, in an order of chance where `shuffles`, with `pause_s` between two. `fate(address, …)` says what
    becomes of messages.
    """

    def __init__(self, *, posts_receipts: bool = False, copies: int = 1, shuffles: bool = False, port: int = 0) -> None:
        super().__init__(port=port)
        self.script = Script()
        self.posts_receipts, self.copies, self.shuffles = posts_receipts, copies, shuffles
        self.pause_s = 0.0
        self.posted: list[tuple[Callback, int]] = []
        self._messages: dict[str, dict[str, str]] = {}
        self._fates: list[tuple[re.Pattern[str], tuple[str, ...], int]] = []
        self._numbers = itertools.count(1)
        self._posting: set[asyncio.Task[None]] = set()
        self._chance = random.Random(0)

    def routes(self, router: web.UrlDispatcher) -> None:
        path = f"/{VERSION}/Accounts/{{account}}/Messages.json"
        router.add_post(path, self._create)
        router.add_get(path, self._list)

    def options(self, **other: Any) -> dict[str, Any]:
        """The options of an account here; its token is in the variable TWILIO_SIMULATOR_TOKEN."""
        return {
            "account_sid": ACCOUNT,
            "auth_token_env": "TWILIO_SIMULATOR_TOKEN",
            "messaging_service_sid": SERVICE,
            "base_url": self.base_url,
            **other,
        }

    # --- receipts

    def fate(self, address: str, *statuses: str, error_code: int = 0) -> None:
        """What becomes of messages to numbers like `address` (a pattern), such as "sent", "undelivered"."""
        self._fates.append((re.compile(address), statuses, error_code))

    def callbacks(self, sid: str) -> list[Callback]:
        """The status callbacks of a message that asked for them."""
        form = self._messages[sid]
        if not form.get("StatusCallback"):
            return []
        statuses, code = self._fate_of(form["To"])
        return [self._callback(sid, status, code) for status in statuses]

    def _fate_of(self, number: str) -> tuple[tuple[str, ...], int]:
        for pattern, statuses, code in self._fates:
            if pattern.search(number):
                return statuses, code
        return ("sent", "delivered"), 0

    def _callback(self, sid: str, status: str, code: int) -> Callback:
        sent = self._messages[sid]
        form = {
            "SmsSid": sid,
            "MessageSid": sid,
            "SmsStatus": status,
            "MessageStatus": status,
            "To": sent["To"],
            "From": sent.get("From") or MAGIC_SENDER,
            "AccountSid": ACCOUNT,
            "ApiVersion": VERSION,
        }
        if service := sent.get("MessagingServiceSid"):
            form["MessagingServiceSid"] = service
        if code and status in ("undelivered", "failed"):
            form["ErrorCode"] = str(code)
        url = sent["StatusCallback"]
        return Callback(url, form, {"X-Twilio-Signature": signature(url, form)})

    async def _post_receipts(self, sid: str) -> None:
        posts = [callback for callback in self.callbacks(sid) for _ in range(self.copies)]
        if self.shuffles:
            self._chance.shuffle(posts)
        async with aiohttp.ClientSession() as session:
            for each in posts:
                await asyncio.sleep(self.pause_s)
                await self._post(session, each)

    async def _post(self, session: aiohttp.ClientSession, callback: Callback) -> None:
        """Again, a few times, where nobody answers."""
        for number in range(TRIES):
            try:
                async with session.post(callback.url, data=callback.form, headers=callback.headers) as response:
                    self.posted.append((callback, response.status))
                    if response.status < 500:
                        return
            except aiohttp.ClientError:
                pass  # whoever is called back may be away just now
            await asyncio.sleep(NAP_S * 2**number)

    # --- the API

    async def _create(self, request: web.Request) -> web.StreamResponse:
        self.script.connected()
        if refusal := self._refused(request):
            return refusal
        form = {name: str(value) for name, value in (await request.post()).items()}
        answer = self.script.next(form.get("To", ""))
        code = int(answer.code) if answer.kind == control.CODE and answer.code.isdecimal() else _fault(form)
        self.script.take(
            id=form.get("StatusCallback", ""),
            address=form.get("To", ""),
            answer=control.CODE if code and answer.kind == control.OK else answer.kind,
            headers=dict(request.headers),
            body=form,
        )
        if self.script.latency_s:
            await asyncio.sleep(self.script.latency_s)
        if answer.kind in (control.DROP, control.GOAWAY):
            return cut(request)
        if answer.kind == control.LIMITED:
            return problem(20429, extra={"retry_after": 1})
        if answer.kind == control.CODE and not answer.code.isdecimal():
            return web.Response(status=int(answer.extra["status"]), text=answer.code)
        if code:
            return problem(code, extra=answer.extra)
        return await self._taken(request, form, answer)

    async def _taken(self, request: web.Request, form: dict[str, str], answer: Answer) -> web.StreamResponse:
        sid = f"SM{next(self._numbers):032x}"
        self._messages[sid] = form
        if self.posts_receipts:
            task = asyncio.create_task(self._post_receipts(sid))
            self._posting.add(task)
            task.add_done_callback(self._posting.discard)
        if answer.kind == control.SILENCE:
            await asyncio.sleep(60)
        if answer.kind == control.RUBBISH:
            return web.Response(status=201, text="<html>what?</html>", content_type="text/html")
        return web.json_response(resource(sid, form), status=201)

    async def _list(self, request: web.Request) -> web.StreamResponse:
        return self._refused(request) or web.json_response(
            {"messages": [], "page": 0, "page_size": 1, "uri": request.path_qs, "next_page_uri": None}
        )

    def _refused(self, request: web.Request) -> web.StreamResponse | None:
        if request.headers.get("Authorization") != encode_basic_auth(ACCOUNT, TOKEN):
            return problem(20003)
        return problem(20404) if request.match_info["account"] != ACCOUNT else None


def signature(url: str, form: Mapping[str, str], token: str = TOKEN) -> str:
    """X-Twilio-Signature: HMAC-SHA1 over the address and each field, sorted, name and value, in base64."""
    signed = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def resource(sid: str, form: Mapping[str, str]) -> dict[str, Any]:
    """The Message resource of a new message."""
    return {
        "account_sid": ACCOUNT,
        "api_version": VERSION,
        "body": form.get("Body"),
        "date_created": formatdate(usegmt=True),
        "date_sent": None,
        "date_updated": formatdate(usegmt=True),
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": form.get("From"),
        "messaging_service_sid": form.get("MessagingServiceSid"),
        "num_media": "0",
        "num_segments": "0" if form.get("MessagingServiceSid") else "1",
        "price": None,
        "price_unit": None,
        "sid": sid,
        "status": "accepted" if form.get("MessagingServiceSid") else "queued",
        "subresource_uris": {},
        "to": form["To"],
        "uri": f"/{VERSION}/Accounts/{ACCOUNT}/Messages/{sid}.json",
    }


def problem(code: int, *, extra: Mapping[str, Any] | None = None) -> web.Response:
    """Twilio's answer with an error `code`; a `retry_after` in `extra` becomes the header."""
    status = STATUS.get(code, 400)
    headers = {"Retry-After": str(extra["retry_after"])} if extra and "retry_after" in extra else {}
    page = f"https://www.twilio.com/docs/errors/{code}"
    body = {"code": code, "message": f"The error {code}", "more_info": page, "status": status}
    return web.json_response(body, status=status, headers=headers)


def _fault(form: Mapping[str, str]) -> int:
    """What Twilio itself finds wrong with a request, 0 for nothing."""
    if not form.get("From") and not form.get("MessagingServiceSid"):
        return 21603
    if not form.get("Body"):
        return 21602
    if len(form["Body"]) > 1_600:
        return 21617
    return 0 if re.fullmatch(r"\+[1-9]\d{6,14}", form.get("To", "")) else 21211
