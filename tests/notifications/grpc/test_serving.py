"""What works unprepared: reflection, health, TLS; and what a server can't start with."""

from __future__ import annotations

import asyncio
from pathlib import Path

import grpc
import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from notifications.grpc import serving
from notifications.grpc.serving import CantServe
from notifications.grpc.service import NAME
from tests.notifications.grpc.calling import NotificationServiceStub, an_event
from tests.simulators.certificates import Authority

pytestmark = pytest.mark.django_db(transaction=True)
SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


async def test_a_client_without_our_files_finds_the_service_by_reflection(service):
    def look() -> tuple[list[str], list[str]]:
        with grpc.insecure_channel(service.channel_target) as channel:
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
