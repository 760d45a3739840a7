"""Waiting behind `GET /users/{id}/notifications?since=` (contract §6): an ASGI application around the whole web one.

The inner application does everything a request needs (token, query, answer) and never waits: where there is nothing new
it says in a header for how long it may be asked again. The waiting is a task of the event loop and holds no thread.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from channels_app import longpoll

WAIT_HEADER = "Inbox-Wait"

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

_INBOX = re.compile(r"/api/v1/users/([^/]+)/notifications/?")
_SINCE = re.compile(rb"(?:^|&)since=")
_EMPTY_BODY: Message = {"type": "http.request", "body": b"", "more_body": False}


class LongPolls:
    """`LongPolls(application)` serves everything as `application` does, but lets polls wait."""

    def __init__(self, application: Application) -> None:
        self._inner = application

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        user = _polled_user(scope)
        if user is None:
            await self._inner(scope, receive, send)
            return
        await _read_body(receive)
        answer = await self._until_news(scope, user, receive)
        for message in answer:
            await send(message)

    async def _until_news(self, scope: MutableMapping[str, Any], user: str, receive: Receive) -> list[Message]:
        """The first answer with something in it, or the last one when the time is over or the client has gone."""
        answer = await self._ask(scope)
        if not _seconds(answer):
            return answer
        # Whoever gets here was let in by the inner application. What came between the two looks is in the second one.
        async with longpoll.listening(user) as listener:
            answer = await self._ask(scope)
            if seconds := _seconds(answer):
                gone = asyncio.ensure_future(receive())
                waiting = asyncio.ensure_future(listener.wait(seconds))
                await asyncio.wait([gone, waiting], return_when=asyncio.FIRST_COMPLETED)
                heard = waiting.done() and waiting.result()
                for task in (gone, waiting):
                    task.cancel()
                return await self._ask(scope) if heard else answer
        return answer

    async def _ask(self, scope: MutableMapping[str, Any]) -> list[Message]:
        """The inner application's answer, kept back."""
        answer: list[Message] = []
        never: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        bodies = [_EMPTY_BODY]

        async def receive() -> Message:
            return bodies.pop() if bodies else await never

        async def send(message: Message) -> None:
            answer.append(message)

        await self._inner(scope, receive, send)
        return answer


def _polled_user(scope: MutableMapping[str, Any]) -> str | None:
    if scope["type"] != "http" or scope["method"] != "GET" or not _SINCE.search(scope["query_string"]):
        return None
    found = _INBOX.fullmatch(scope["path"])
    return found[1] if found else None


async def _read_body(receive: Receive) -> None:
    while (await receive()).get("more_body"):
        pass


def _seconds(answer: list[Message]) -> float:
    """For how long the inner application may be asked again; 0: this is the answer."""
    name = WAIT_HEADER.lower().encode()
    headers = answer[0]["headers"] if answer else ()
    return next((float(value) for key, value in headers if key.lower() == name), 0.0)
