"""What Twilio is told of an order."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest

from delivery.providers.twilio.message import parameters
from delivery.providers.twilio.options import Options
from foundation.clock import now_ms
from foundation.errors import PermanentForAddress, PermanentForMessage
from templates_app.content import Content
from tests.delivery.providers.made_orders import order
from tests.simulators.twilio import ACCOUNT, SERVICE

OPTIONS = Options(account_sid=ACCOUNT, messaging_service_sid=SERVICE)


def told(options=OPTIONS, *, address="+4915112345678", body="Hello", **other):
    now = now_ms()
    return parameters(order(address, channel="sms", content=Content(body=body), **other), options, now=now)


def test_a_number_is_told_in_e164():
    assert told(address="+49 (151) 1234-5678")["to"] == "+4915112345678"


@pytest.mark.parametrize("address", ["", "0151 12345678", "+1", "+49151123456789012345", "+999123456789", "ann"])
def test_what_no_phone_can_have_is_refused_for_good(address):
    with pytest.raises(PermanentForAddress, match="country code"):
        told(address=address)


def test_the_sender_is_a_service_or_a_number():
    assert told()["messaging_service_sid"] == SERVICE
    given = told(Options(account_sid=ACCOUNT, from_number="+15005550006"))
    assert (given["from_"], "messaging_service_sid" in given) == ("+15005550006", False)


def test_the_validity_ends_with_the_notification_within_what_twilio_takes():
    assert "validity_period" not in told()
    assert told(expires_at=now_ms() + 600_000)["validity_period"] in (599, 600)
    assert told(expires_at=now_ms() + 90_000_000)["validity_period"] == 36_000
    assert told(expires_at=now_ms() + 10)["validity_period"] == 1


def test_a_receipt_will_know_whose_send_it_tells_of():
    one = Options(
        account_sid=ACCOUNT, messaging_service_sid=SERVICE, status_callback="https://n.example/webhooks/twilio"
    )
    address = urlsplit(told(one, user="usr/ä 1", id="notif_" + "0" * 32)["status_callback"])
    assert address.path == "/webhooks/twilio"
    query = parse_qs(address.query, strict_parsing=True)
    assert (query["n"], query["u"]) == (["notif_" + "0" * 32], ["usr/ä 1"])
    assert len(query["s"][0]) == 36


def test_the_text_goes_as_it_is_right_to_left_and_with_emoji():
    text = "שלום \u202bעולם\u202c 👋🏽"
    assert told(body=text)["body"] == text


@pytest.mark.parametrize(("body", "said"), [("", "empty"), ("  \n", "empty"), ("a" * 1_601, "1,601.*1,600")])
def test_a_text_that_cant_be_sent_is_refused_with_its_figure(body, said):
    with pytest.raises(PermanentForMessage, match=said):
        told(body=body)


def test_more_segments_than_the_account_pays_for_are_refused():
    paid = Options(account_sid=ACCOUNT, messaging_service_sid=SERVICE, max_segments=2, price=Decimal("0.01"))
    assert told(paid, body="a" * 306)
    with pytest.raises(PermanentForMessage, match=r"3 segments.*max_segments is 2"):
        told(paid, body="a" * 307)
