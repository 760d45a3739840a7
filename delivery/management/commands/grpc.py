"""`manage.py grpc`: serves notifications.v1 until it is told to stop (docs/grpc.md)."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

import uvloop
from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from grpc import GenericRpcHandler

from delivery import draining, readiness
from delivery.observing import observe
from foundation import probing
from foundation.collector import collect_rarely
from foundation.command import PlatformCommand
from notifications.grpc.serving import CantServe, Options, Server


class Command(PlatformCommand):
    help = "Serves gRPC: Send, SendBatch, Broadcast, GetStatus, Watch; reflection and the standard health service."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=settings.ENV.GRPC_HOST, help="address to listen on (default: GRPC_HOST)")
        parser.add_argument("--port", type=int, default=settings.ENV.GRPC_PORT, help="port (default: GRPC_PORT)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._serve(_options(options["host"], options["port"])))
        except CantServe as error:
            raise CommandError(str(error)) from error

    async def _serve(self, options: Options) -> None:
        stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        server = Server(options, lambda: readiness.ask().can_accept)
        await server.start(*_benched())
        observe(parts=_parts)
        draining.start()  # what it takes while the log is away lies in a spool of its own
        collect_rarely()
        self.stdout.write(f"gRPC on {options.host}:{server.port}{', TLS' if options.certificate else ''}")
        await stopping.wait()
        await server.stop()
        await asyncio.to_thread(draining.stop)


def _benched() -> list[GenericRpcHandler]:
    """With BENCH the empty method, what accepting is measured beside."""
    if not settings.ENV.BENCH:
        return []
    from bench.grpc_empty import handler

    return [handler()]


def _parts() -> dict[str, str]:
    """Ready as the health service says it, and turning."""
    its = readiness.ask()
    missing = ", ".join(f"{name}: {word}" for name, word in its.parts.items() if word != probing.OK)
    return {"accepting": probing.OK if its.can_accept else missing, "loop": probing.loop()}


def _options(host: str, port: int) -> Options:
    env = settings.ENV
    return Options(
        host=host,
        port=port,
        threads=env.GRPC_THREADS,
        message_max_bytes=env.GRPC_MESSAGE_MAX_BYTES,
        grace_s=env.GRPC_STOP_S,
        certificate=env.GRPC_TLS_CERTIFICATE,
        key=env.GRPC_TLS_KEY,
        clients=env.GRPC_TLS_CLIENTS,
    )
