"""The server: a port, TLS, reflection, health, and an end at which nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import msgspec
from grpc_health.v1 import health, health_pb2
from grpc_health.v1.health_pb2_grpc import add_HealthServicer_to_server
from grpc_reflection.v1alpha import reflection

from foundation.errors import PlatformError
from foundation.process import pulse
from notifications.grpc.service import NAME, Notifications

HEALTH_S = 2.0
NAMES = ("", NAME)  # the server as a whole, and the service
PING_AT_MOST_EVERY_MS = 10_000


class CantServe(PlatformError):
    """The port is taken, or a certificate can't be read; the sentence says what to do."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Where and how to serve. Port 0: a free one. Without `certificate` in clear text; `clients`: the CA theirs need.

    `grace_s`: how long calls under way may take to end when the server stops.
    """

    host: str
    port: int
    threads: int
    message_max_bytes: int
    grace_s: float
    certificate: str = ""
    key: str = ""
    clients: str = ""


class Server:
    """One server on the running event loop. `ready` (blocking) says whether events can be accepted."""

    def __init__(self, options: Options, ready: Callable[[], bool]) -> None:
        self._options, self._ready = options, ready
        self._stopping = asyncio.Event()
        self._pool = ThreadPoolExecutor(options.threads, thread_name_prefix="grpc")
        self._service = Notifications(self._pool, self._stopping)
        self._health = health.aio.HealthServicer()
        self._server = grpc.aio.server(
            options=[
                ("grpc.max_receive_message_length", options.message_max_bytes),
                ("grpc.max_send_message_length", options.message_max_bytes),
                ("grpc.so_reuseport", int(options.port != 0)),
                ("grpc.http2.min_ping_interval_without_data_ms", PING_AT_MOST_EVERY_MS),
                ("grpc.keepalive_permit_without_calls", 1),
            ]
        )
        self.port = 0

    async def start(self, *more: grpc.GenericRpcHandler) -> None:
        """Serves, `more` too. Raises CantServe."""
        self._server.add_generic_rpc_handlers((self._service.handler(), *more))
        add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection((NAME, health.SERVICE_NAME, reflection.SERVICE_NAME), self._server)
        try:
            self.port = self._bind()
        except CantServe:
            await self._server.stop(None)
            raise
        await self._server.start()
        self._checking = asyncio.create_task(self._check())

    async def stop(self) -> None:
        """Takes no new calls (GOAWAY), ends streams after what they were answered, lets others end; once is enough."""
        if self._stopping.is_set():
            return
        self._checking.cancel()
        await self._health.enter_graceful_shutdown()
        self._stopping.set()
        await self._server.stop(self._options.grace_s)
        await self._service.settled()
        self._pool.shutdown()

    def _bind(self) -> int:
        address = f"{self._options.host}:{self._options.port}"
        try:
            if not self._options.certificate:
                return self._server.add_insecure_port(address)
            return self._server.add_secure_port(address, _credentials(self._options))
        except RuntimeError as error:
            raise CantServe(f"{address} can't be bound; give another with GRPC_PORT: {error}") from error

    async def _check(self) -> None:
        """Health as web's /health/ready, asked again and again; a turn of it is this process's pulse."""
        while True:
            is_ready = await asyncio.to_thread(self._ready)
            status = health_pb2.HealthCheckResponse.SERVING if is_ready else health_pb2.HealthCheckResponse.NOT_SERVING
            for name in NAMES:
                await self._health.set(name, status)
            pulse.beat()
            await asyncio.sleep(HEALTH_S)


def _credentials(options: Options) -> grpc.ServerCredentials:
    """TLS; files that changed are read anew at the next handshake, so that a certificate is renewed without a stop."""
    files = [file for file in (options.certificate, options.key, options.clients) if file]
    seen: list[float] = []

    def fetch() -> grpc.ServerCertificateConfiguration | None:
        times = [Path(file).stat().st_mtime for file in files]
        if times == seen:
            return None
        seen[:] = times
        return _read(options)

    try:
        return grpc.dynamic_ssl_server_credentials(
            _read(options), lambda: fetch(), require_client_authentication=bool(options.clients)
        )
    except OSError as error:
        raise CantServe(f"TLS: {error}; check GRPC_TLS_CERTIFICATE, GRPC_TLS_KEY and GRPC_TLS_CLIENTS") from error


def _read(options: Options) -> grpc.ServerCertificateConfiguration:
    pair = (Path(options.key).read_bytes(), Path(options.certificate).read_bytes())
    clients = Path(options.clients).read_bytes() if options.clients else None
    return grpc.ssl_server_certificate_configuration([pair], root_certificates=clients)
