"""Who is let in: origin, room, tickets, tokens."""

from __future__ import annotations

import pytest
import websockets
from websockets.exceptions import ConnectionClosed, InvalidStatus

from channels_app import consumer
from channels_app.handshake import Admitted, Refusal, judge

ORIGINS = ["http://localhost:8000"]


def ask(*, origin: bytes | None = None, query: bytes = b"", sockets: int = 0, limit: int = 10):
    headers = [(b"origin", origin)] if origin else []
    return judge(headers=headers, query=query, origins=ORIGINS, sockets=sockets, soft_limit=limit)


def test_a_page_of_ours_and_a_program_without_origin_are_let_in():
    assert ask(origin=b"http://localhost:8000") == Admitted()
    assert ask(query=b"ticket=t&last_seen=2026-02-23T14:30:00Z") == Admitted("t", "2026-02-23T14:30:00Z")


def test_another_origin_is_told_the_setting():
    refusal = ask(origin=b"https://evil.example")
    assert isinstance(refusal, Refusal)
    assert (refusal.status, "ALLOWED_ORIGINS" in refusal.detail) == (403, True)


def test_a_token_in_the_url_is_refused():
    assert ask(query=b"token=npu_abc").status == 400


def test_a_full_gateway_says_when_to_come_back():
    refusal = ask(sockets=10)
    assert refusal.status == 503
    assert 5 <= refusal.retry_after <= 30


async def test_another_origin_gets_403_over_the_wire(start_gateway):
    gateway = await start_gateway()
    with pytest.raises(InvalidStatus) as refused:
        await websockets.connect(gateway.url, origin="https://evil.example", proxy=None)
    assert refused.value.response.status_code == 403
    assert b"ALLOWED_ORIGINS" in refused.value.response.body


async def test_past_the_soft_limit_503_with_retry_after(start_gateway, connect, settings):
    gateway = await start_gateway()
    settings.SOCKET_SOFT_LIMIT = 1
    await connect(gateway)
    with pytest.raises(InvalidStatus) as refused:
        await websockets.connect(gateway.url, proxy=None)
    assert refused.value.response.status_code == 503
    assert 5 <= int(refused.value.response.headers["Retry-After"]) <= 30


async def test_a_ticket_opens_one_socket_once(start_gateway):
    gateway = await start_gateway()
    async with websockets.connect(gateway.url + "?ticket=ticket-ann", proxy=None) as socket:
        assert '"user":"usr_ann"' in await socket.recv()
    with pytest.raises(InvalidStatus) as refused:
        await websockets.connect(gateway.url + "?ticket=ticket-ann", proxy=None)
    assert refused.value.response.status_code == 401


@pytest.mark.parametrize(
    ("first", "code"),
    [
        ('{"type": "auth", "token": "forged"}', 4401),
        ('{"type": "sync"}', 4401),
        ('{"type": "auth", "token": "token-ann", "colour": 1}', 4400),
        ("nonsense", 4400),
    ],
)
async def test_who_does_not_say_who_he_is_is_closed(start_gateway, first, code):
    gateway = await start_gateway()
    async with websockets.connect(gateway.url, proxy=None) as socket:
        await socket.send(first)
        assert '"type":"error"' in await socket.recv()
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd.code == code


async def test_who_says_nothing_is_closed(start_gateway, monkeypatch):
    monkeypatch.setattr(consumer, "AUTH_S", 0.05)
    gateway = await start_gateway()
    async with websockets.connect(gateway.url, proxy=None) as socket:
        assert "unauthenticated" in await socket.recv()
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd.code == 4401
