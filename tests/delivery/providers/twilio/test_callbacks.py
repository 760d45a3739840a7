"""The status callbacks that the simulator sends are those that Twilio's own library takes."""

from __future__ import annotations

from threading import Condition
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web
from twilio.request_validator import RequestValidator

from delivery.providers.accounts import Account
from delivery.providers.twilio.adapter import TwilioAdapter
from tests.delivery.providers.made_orders import order
from tests.simulators.http1 import Http1Simulator
from tests.simulators.twilio import TOKEN, TwilioSimulator

PHONE = "+4915112345678"


class Receiver(Http1Simulator):
    """What takes callbacks, as ours does: keeps each with the address and signature it came with."""

    def __init__(self) -> None:
        super().__init__()
        self.got: list[tuple[str, dict[str, str], str]] = []
        self._changed = Condition()

    def routes(self, router: web.UrlDispatcher) -> None:
        router.add_post("/webhooks/twilio", self._take)

    async def _take(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        with self._changed:
            self.got.append((str(request.url), form, request.headers["X-Twilio-Signature"]))
            self._changed.notify_all()
        return web.Response()

    def wait(self, count: int) -> list[tuple[str, dict[str, str], str]]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.got) >= count, 5)
            return list(self.got)


@pytest.fixture
def receiver():
    with Receiver() as one:
        yield one


@pytest.fixture
def send_through(receiver, monkeypatch):
    monkeypatch.setenv("TWILIO_SIMULATOR_TOKEN", TOKEN)

    def send(twilio: TwilioSimulator, *addresses: str):
        options = twilio.options(status_callback=f"{receiver.base_url}/webhooks/twilio")
        adapter = TwilioAdapter(Account(name="t", provider="twilio", channel="sms", rate=1, options=options))
        try:
            orders = [order(address, channel="sms") for address in addresses]
            return orders, adapter.send(orders)
        finally:
            adapter.close()

    return send


def test_a_callback_is_signed_and_says_whose_send_it_is(receiver, send_through):
    with TwilioSimulator(posts_receipts=True) as twilio:
        (one,), (taken,) = send_through(twilio, PHONE)
        got = receiver.wait(2)
    assert [form["MessageStatus"] for _, form, _ in got] == ["sent", "delivered"]
    for url, form, signature in got:
        assert RequestValidator(TOKEN).validate(url, form, signature)
        assert not RequestValidator("another").validate(url, form, signature)
        assert form["MessageSid"] == taken.provider_id
        query = parse_qs(urlsplit(url).query)
        assert (query["n"], query["s"], query["u"]) == ([one.notification_id], [one.send.id], ["usr_1"])


def test_a_message_may_fail_after_it_was_taken(receiver, send_through):
    with TwilioSimulator(posts_receipts=True) as twilio:
        twilio.fate(PHONE[1:], "sent", "undelivered", error_code=30005)
        send_through(twilio, PHONE)
        got = receiver.wait(2)
    assert [(form["MessageStatus"], form.get("ErrorCode")) for _, form, _ in got] == [
        ("sent", None),
        ("undelivered", "30005"),
    ]


def test_callbacks_come_twice_and_out_of_order_on_request(receiver, send_through):
    with TwilioSimulator(posts_receipts=True, copies=2, shuffles=True) as twilio:
        send_through(twilio, *[f"+4915112345{number}" for number in range(600, 610)])
        got = receiver.wait(40)
    statuses: dict[str, list[str]] = {}
    for _, form, _ in got:
        statuses.setdefault(form["MessageSid"], []).append(form["MessageStatus"])
    assert all(sorted(each) == ["delivered", "delivered", "sent", "sent"] for each in statuses.values())
    assert any(each != ["sent", "sent", "delivered", "delivered"] for each in statuses.values())
