"""What works unprepared: reflection, health, TLS; and what a server can't start with."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from django.db import connections
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from notifications.grpc import serving
from notifications.grpc.service import NAME, Notifications
from notifications.grpc.serving import CantServe
from tests.notifications.grpc.calling import NotificationServiceStub, an_event
from tests.simulators.certificates import certificate

pytestmark = pytest.mark.django_db(transaction=True)
SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


async def test_a_client_without_our_files_finds_the_service_by_reflection(service):
    def look() -> tuple[list[str], list[str]]:
        with grpc.insecure_channel(service.address) as channel:
            found = ProtoReflectionDescriptorDatabase(channel)
            methods = DescriptorPool(found).FindServiceByName(NAME).methods
            return list(found.get_services()), [method.name for method in methods]

    services, methods = await asyncio.to_thread(look)
    assert NAME in services
    assert "grpc.health.v1.Health" in services
    assert methods == ["Send", "SendBatch", "Broadcast", "GetStatus", "Watch"]


async def test_health_follows_readiness_and_says_so_before_the_end(start, monkeypatch):
    monkeypatch.setattr(serving, "HEALTH_S", 0.05)
    server = await start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        health = health_pb2_grpc.HealthStub(channel)
        watch = health.Watch(health_pb2.HealthCheckRequest(service=NAME))
        while (await watch.read()).status != SERVING:
            pass
        server._ready = lambda: False
        while (await watch.read()).status != NOT_SERVING:
            pass
        assert (await health.Check(health_pb2.HealthCheckRequest())).status == NOT_SERVING
        server._ready = lambda: True
        while (await watch.read()).status != SERVING:
            pass
        stopping = asyncio.create_task(server.stop())
        assert (await watch.read()).status == NOT_SERVING
        watch.cancel()
        await stopping


# --- TLS


async def call_over(channel: grpc.aio.Channel, secret: str):
    async with channel:
        metadata = (("authorization", f"Bearer {secret}"),)
        return await NotificationServiceStub(channel).Send(an_event(), metadata=metadata, timeout=20)


async def test_tls_by_setting_and_no_clear_text_beside_it(start, secret):
    its = certificate()
    server = await start(certificate=str(its.cert_file), key=str(its.key_file))
    trusted = grpc.ssl_channel_credentials(its.ca_file.read_bytes())
    address = f"127.0.0.1:{server.port}"
    assert (await call_over(grpc.aio.secure_channel(address, trusted), secret)).status == "accepted"
    for channel in (
        grpc.aio.insecure_channel(address),
        grpc.aio.secure_channel(address, grpc.ssl_channel_credentials()),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await call_over(channel, secret)
        assert refusal.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_with_a_ca_for_clients_only_theirs_get_in(start, secret):
    its = certificate()
    server = await start(certificate=str(its.cert_file), key=str(its.key_file), clients=str(its.ca_file))
    ca, key, chain = its.ca_file.read_bytes(), its.key_file.read_bytes(), its.cert_file.read_bytes()
    address = f"127.0.0.1:{server.port}"
    own = grpc.aio.secure_channel(address, grpc.ssl_channel_credentials(ca, key, chain))
    assert (await call_over(own, secret)).status == "accepted"
    with pytest.raises(grpc.aio.AioRpcError):
        await call_over(grpc.aio.secure_channel(address, grpc.ssl_channel_credentials(ca)), secret)


# --- what it must not keep


async def test_a_connection_that_is_over_isnt_used_again():
    """A thread of the pool lives as long as the server; what Django does at a request's begin has to be done here."""

    def connected() -> Any:
        connections["default"].ensure_connection()
        connections["default"].close_at = 0  # its time has passed
        return connections["default"].connection

    with ThreadPoolExecutor(1) as pool:
        service = Notifications(pool, asyncio.Event())
        first = await service._in_thread(connected)
        assert await service._in_thread(connected) is not first
        pool.submit(connections.close_all)


# --- what it can't start with


async def test_a_certificate_that_isnt_there_is_told_with_the_setting(start, tmp_path):
    with pytest.raises(CantServe, match="GRPC_TLS_CERTIFICATE"):
        await start(certificate=str(tmp_path / "none.pem"), key=str(tmp_path / "none.key"))


async def test_a_taken_port_is_told_with_the_setting(start):
    listening = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    async with listening:
        with pytest.raises(CantServe, match="GRPC_PORT"):
            await start(port=listening.sockets[0].getsockname()[1])
