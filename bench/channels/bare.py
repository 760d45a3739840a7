"""The bare libraries in a loop: what a programmer writes who has nothing but a list of addresses and the manual."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

from bench.channels.made import BODY, HTML, TITLE, Lane, address
from bench.channels.ours import FLIGHTS

MOST_STREAMS = 1_000  # what APNs allows on a connection
Send = Callable[[str], Awaitable[object]]


def run(lane: Lane, events: int, options: dict[str, Any]) -> tuple[float, float]:
    """`events` with the lane's concurrency: seconds, CPU seconds of this process."""
    addresses = [address(lane) for _ in range(events)]
    return _RUNS[lane.provider](lane, addresses, options)


async def _all(send: Send, addresses: list[str], streams: int) -> tuple[float, float]:
    """Each address once, `streams` at a time; the first alone, so that there is a connection."""
    await send(addresses[0])
    rest = iter(addresses[1:])
    cpu, started = time.process_time(), time.perf_counter()

    async def worker() -> None:
        for to in rest:
            await send(to)

    await asyncio.gather(*(worker() for _ in range(streams)))
    return time.perf_counter() - started, time.process_time() - cpu


def _apns(lane: Lane, addresses: list[str], options: dict[str, Any]) -> tuple[float, float]:
    from aioapns import APNs, NotificationRequest, PushType
    from aioapns.connection import APNsProductionClientProtocol, APNsTLSClientProtocol

    APNsTLSClientProtocol.APNS_PORT = options["port"]
    APNsProductionClientProtocol.APNS_SERVER = options["host"]

    async def go() -> tuple[float, float]:
        client = APNs(
            key=Path(options["key_file"]).read_text(),
            key_id=options["key_id"],
            team_id=options["team_id"],
            topic=options["topic"],
            max_connections=1,
            ssl_context=ssl.create_default_context(cafile=options["ca_file"]),
        )
        message = {"aps": {"alert": {"title": TITLE, "body": BODY}, "sound": "default"}, "id": "notif"}

        async def send(to: str) -> None:
            request = NotificationRequest(to, message, notification_id=str(uuid4()), push_type=PushType.ALERT)
            assert (await client.send_notification(request)).is_successful

        return await _all(send, addresses, min(MOST_STREAMS, lane.streams * FLIGHTS))

    return asyncio.run(go())


def _fcm(lane: Lane, addresses: list[str], options: dict[str, Any]) -> tuple[float, float]:
    import warnings

    import firebase_admin
    from firebase_admin import credentials, messaging

    warnings.simplefilter("ignore", DeprecationWarning)  # the library asks for installation ids instead of tokens
    key = json.loads(Path(options["service_account_file"]).read_text())
    app = firebase_admin.initialize_app(credentials.Certificate(key))
    messaging._MessagingService.FCM_URL = options["url"] + "/v1/projects/{0}/messages:send"

    async def send(to: str) -> None:
        note = messaging.Notification(title=TITLE, body=BODY)
        message = messaging.Message(notification=note, data={"notification_id": "notif"}, token=to)
        told = await messaging.send_each_async([message], app=app)
        assert told.success_count == 1, told.responses[0].exception

    return asyncio.run(_all(send, addresses, lane.streams * FLIGHTS))


def _twilio(lane: Lane, addresses: list[str], options: dict[str, Any]) -> tuple[float, float]:
    import logging
    import warnings

    from twilio.http.async_http_client import AsyncTwilioHttpClient
    from twilio.rest import Client

    warnings.simplefilter("ignore")  # aiohttp's word on how the library gives its credentials
    quiet = logging.getLogger("twilio")
    quiet.setLevel(logging.WARNING)

    async def go() -> tuple[float, float]:
        async with AsyncTwilioHttpClient(logger=quiet) as http:
            client = Client(options["account_sid"], options["auth_token"], http_client=http)
            client.api.base_url = options["base_url"]

            async def send(to: str) -> None:
                sender = options["messaging_service_sid"]
                assert (await client.messages.create_async(to=to, body=BODY, messaging_service_sid=sender)).sid

            return await _all(send, addresses, lane.streams)

    return asyncio.run(go())


def _ses(lane: Lane, addresses: list[str], options: dict[str, Any]) -> tuple[float, float]:
    from anymail.backends.amazon_ses import EmailBackend

    backend = EmailBackend(
        session_params={
            "aws_access_key_id": options["access_key_id"],
            "aws_secret_access_key": options["secret_access_key"],
        },
        client_params={"region_name": options["region"], "endpoint_url": options["endpoint_url"]},
    )
    backend.open()
    with ThreadPoolExecutor(lane.streams) as pool:

        def send(to: str) -> None:
            assert backend.send_messages([_mail(to, options)]) == 1

        return _timed(lambda some: list(pool.map(send, some)), addresses)


def _smtp(lane: Lane, addresses: list[str], options: dict[str, Any]) -> tuple[float, float]:
    from django.core.mail.backends.smtp import EmailBackend

    class Backend(EmailBackend):
        @property
        def ssl_context(self) -> ssl.SSLContext:
            return ssl.create_default_context(cafile=options["ca_file"])

    own = {"username": options["username"], "password": options["password"], "use_tls": True}

    def send(some: list[str]) -> None:
        with Backend(host=options["host"], port=options["port"], **own) as backend:
            assert backend.send_messages([_mail(to, options) for to in some]) == len(some)

    half = len(addresses) // FLIGHTS
    with ThreadPoolExecutor(FLIGHTS) as pool:
        parts = [addresses[place * half : (place + 1) * half] for place in range(FLIGHTS)]
        return _timed(lambda _: list(pool.map(send, parts)), addresses)


def _mail(to: str, options: dict[str, Any]) -> Any:
    from django.core.mail import EmailMultiAlternatives

    mail = EmailMultiAlternatives(TITLE, BODY, options["from_email"], [to])
    mail.attach_alternative(HTML, "text/html")
    return mail


def _timed(send: Callable[[list[str]], object], addresses: list[str]) -> tuple[float, float]:
    cpu, started = time.process_time(), time.perf_counter()
    send(addresses)
    return time.perf_counter() - started, time.process_time() - cpu


_RUNS: dict[str, Callable[[Lane, list[str], dict[str, Any]], tuple[float, float]]] = {
    "apns": _apns,
    "fcm": _fcm,
    "twilio": _twilio,
    "ses": _ses,
    "smtp": _smtp,
}
