"""notifications.v1.NotificationService: messages in, the functions that REST calls, messages out.

Messages arrive as bytes and are read here, so that one that can't be read is refused in the same words as any other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from functools import partial
from typing import Any

import grpc
import msgspec
from django.conf import settings
from django.db import close_old_connections

from notifications.api.sending import SEND
from notifications.api.status import READ, status_of
from notifications.broadcasts.api import SCOPE as BROADCAST
from notifications.grpc import broadcasting, telling
from notifications.grpc.answering import answered
from notifications.grpc.caller import caller_of
from notifications.grpc.gathering import Gathering
from notifications.grpc.inflow import Inflow
from notifications.grpc.proto.notifications.v1 import notification_service_pb2 as pb
from notifications.grpc.reading import as_request, parsed
from notifications.grpc.streaming import Streaming
from notifications.grpc.watching import News, Watches, is_over

NAME = pb.DESCRIPTOR.services_by_name["NotificationService"].full_name


class Notifications:
    """The service. `pool` runs what waits for servers; once `stopping` is set, streams end where they are."""

    def __init__(self, pool: Executor, stopping: asyncio.Event) -> None:
        self._pool = pool
        self._stopping = stopping
        self._gathering = Gathering(self._in_thread)
        self._watches = Watches(
            self._in_thread, stopping, most=settings.GRPC_WATCHES_MAX, seconds=settings.GRPC_WATCH_MAX_S
        )

    def handler(self) -> grpc.GenericRpcHandler:
        """What a server is given."""
        unary, stream = grpc.unary_unary_rpc_method_handler, grpc.unary_stream_rpc_method_handler
        methods = {
            "Send": unary(answered("Send", self.send)),
            "SendBatch": grpc.stream_stream_rpc_method_handler(answered("SendBatch", self.send_batch)),
            "Broadcast": unary(answered("Broadcast", self.broadcast)),
            "GetStatus": unary(answered("GetStatus", self.get_status)),
            "Watch": stream(answered("Watch", self.watch)),
        }
        return grpc.method_handlers_generic_handler(NAME, methods)

    async def settled(self) -> None:
        """Returns when nothing is being accepted any more, also for those who don't wait for it."""
        await self._gathering.settled()

    async def send(self, raw: bytes, context: Any) -> bytes:
        caller = await caller_of(context, self._in_thread, scope=SEND)
        request = as_request(parsed(pb.SendRequest, raw, max_bytes=settings.REQUEST_MAX_BYTES))
        if caller.key is not None:
            request = msgspec.structs.replace(request, idempotency_key=caller.key)
        result = await self._gathering.accept(request, caller.token, caller.trace)
        return telling.accepted(result).SerializeToString()

    async def send_batch(self, requests: Any, context: Any) -> None:
        caller = await caller_of(context, self._in_thread, scope=SEND)
        inflow = Inflow(context, max_bytes=settings.GRPC_MESSAGE_MAX_BYTES, stopping=self._stopping)
        try:
            await Streaming(caller, inflow, context, self._in_thread).run()
        finally:
            inflow.close()

    async def broadcast(self, raw: bytes, context: Any) -> bytes:
        caller = await caller_of(context, self._in_thread, scope=BROADCAST)
        asked = parsed(pb.BroadcastRequest, raw, max_bytes=settings.REQUEST_MAX_BYTES)
        result = await self._in_thread(broadcasting.accepted, asked, caller)
        return telling.broadcast(result).SerializeToString()

    async def get_status(self, raw: bytes, context: Any) -> bytes:
        caller = await caller_of(context, self._in_thread, scope=READ, users=True)
        asked = parsed(pb.GetStatusRequest, raw, max_bytes=settings.REQUEST_MAX_BYTES)
        told = await self._in_thread(status_of, asked.notification_id, caller.token)
        return telling.status(told).SerializeToString()

    async def watch(self, raw: bytes, context: Any) -> None:
        caller = await caller_of(context, self._in_thread, scope=READ, users=True)
        asked = parsed(pb.WatchRequest, raw, max_bytes=settings.REQUEST_MAX_BYTES)
        told = await self._in_thread(status_of, asked.notification_id, caller.token)
        news = News()
        await context.write(news.of(told).SerializeToString())
        if is_over(told) and not asked.receipts:
            return
        async for told in self._watches.follow(asked.notification_id):
            response = news.of(told)
            if response.timeline:
                await context.write(response.SerializeToString())
            if response.final and not asked.receipts:
                return

    def _in_thread(self, function: Callable[..., Any], *arguments: Any) -> Awaitable[Any]:
        return asyncio.get_running_loop().run_in_executor(
            self._pool, partial(_with_sound_connections, function, *arguments)
        )


def _with_sound_connections(function: Callable[..., Any], *arguments: Any) -> Any:
    """As a request of Django's begins: a connection that broke earlier in this thread isn't used again."""
    close_old_connections()
    return function(*arguments)
