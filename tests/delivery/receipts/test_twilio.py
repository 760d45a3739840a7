"""Twilio's callbacks: signed for the address it was told; statuses become receipts."""

from __future__ import annotations

import hmac
from hmac import compare_digest
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from django.test import Client

from delivery import tracking
from delivery.receipts import twilio
from foundation.clock import now_ms
from notifications import status as words
from notifications.store import get_store
from preferences.models import InvalidAddress, Suppression, User
from tests.delivery.receipts.conftest import AUTH_TOKEN, PHONE, Sent
from tests.delivery.receipts.twilio_calls import INBOUND, callback, message, post, signature, status

pytestmark = [
    pytest.mark.django_db(databases=["default", "store"]),
    pytest.mark.usefixtures("emptied", "twilio_account"),
]


@pytest.fixture
def sms() -> Sent:
    return Sent("sms", PHONE, user="usr 42/ü")


STATUSES = [
    *((word, "sent") for word in ("accepted", "scheduled", "queued", "sending", "sent")),
    ("delivered", "delivered"),
    *((word, "undelivered") for word in ("undelivered", "failed", "canceled")),
    ("read", "read"),
    *((word, None) for word in ("receiving", "brand-new")),
]


@pytest.mark.parametrize(("word", "meant"), STATUSES)
def test_each_status_is_the_receipt_it_means(word, meant, client: Client, told, sms: Sent):
    answer = post(client, callback(sms), status(word))
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/xml; charset=utf-8")
    assert [(one.id, one.user, one.send, one.channel, one.status) for one in told()] == (
        [(sms.id, sms.user, sms.send, "sms", meant)] if meant else []
    )


def test_every_status_of_the_table_is_tried_here():
    assert {word for word, _ in STATUSES} - {"brand-new"} == set(twilio.STATUSES) - {"received"}


@pytest.mark.parametrize(
    "public", ["https://hooks.example.com", "https://hooks.example.com/", "https://example.com/notify"]
)
def test_the_signature_is_for_the_address_twilio_was_told(public, settings, client, told, sms):
    settings.PUBLIC_URL = public
    url = callback(sms)
    assert url.startswith(public.rstrip("/") + "/webhooks/twilio?")
    fields = status("delivered")
    path = "/webhooks/twilio?" + urlsplit(url).query  # what a proxy that takes a prefix off passes on
    answer = client.post(
        path,
        urlencode(fields).encode(),
        content_type="application/x-www-form-urlencoded",
        headers={"X-Twilio-Signature": signature(url, fields)},
    )
    assert answer.status_code == 200
    assert len(told()) == 1


def test_twilio_may_sign_the_address_with_its_port(client, told, sms):
    url = callback(sms)
    with_port = url.replace("hooks.example.com/", "hooks.example.com:443/")
    assert post(client, url, status("sent"), signed=signature(with_port, status("sent"))).status_code == 200
    assert len(told()) == 1


def changed(url: str, **query: str) -> str:
    parts = urlsplit(url)
    return parts._replace(query=urlencode(dict(parse_qsl(parts.query)) | query)).geturl()


FORGED = {
    "no signature": lambda url, fields: (url, fields, ""),
    "not ASCII": lambda url, fields: (url, fields, "ünsigned"),
    "another token's": lambda url, fields: (url, fields, signature(url, fields, "guessed")),
    "another field": lambda url, fields: (url, fields | {"MessageStatus": "failed"}, signature(url, fields)),
    "one field more": lambda url, fields: (url, fields | {"ErrorCode": "30005"}, signature(url, fields)),
    "another notification": lambda url, fields: (changed(url, n="notif_" + "0" * 32), fields, signature(url, fields)),
    "another user": lambda url, fields: (changed(url, u="usr_1"), fields, signature(url, fields)),
    "the address of a status, for a message": lambda url, fields: (INBOUND, message("STOP"), signature(url, fields)),
}


@pytest.mark.parametrize("what", FORGED)
def test_what_is_forged_is_403_and_changes_nothing(what, client, told, sms):
    url, fields, signed = FORGED[what](callback(sms), status("delivered"))
    answer = post(client, url, fields, signed=signed)
    assert answer.status_code == 403
    assert answer.json()["code"] == "bad_signature"
    assert told() == []
    assert not Suppression.objects.exists()


@pytest.mark.parametrize("token", ["another", AUTH_TOKEN, "guessed"])
def test_whichever_token_it_is_as_much_is_compared_and_in_constant_time(token, client, told, sms, monkeypatch):
    compared: list[int] = []

    def noting(own: bytes, given: bytes) -> bool:
        compared.append(len(own))
        return compare_digest(own, given)

    monkeypatch.setattr(hmac, "compare_digest", noting)
    url = callback(sms)
    answer = post(client, url, status("sent"), signed=signature(url, status("sent"), token))
    assert answer.status_code == (403 if token == "guessed" else 200)
    assert compared == [len(signature(url, {}))] * 4  # two tokens, the address with its port and without


def test_without_a_token_nobody_is_believed(settings, client, told, sms):
    settings.TWILIO_AUTH_TOKENS = []
    url = callback(sms)
    assert post(client, url, status("sent"), signed=signature(url, status("sent"), "")).status_code == 403


MALFORMED = {
    "not UTF-8": (b"Body=%FF%FE&From=%2B1", 400),
    "bytes that are no form": (b"\xff\xfe", 400),
    "more fields than Twilio has": (b"&".join(b"a=1" for _ in range(300)), 400),
    "huge": (b"Body=" + b"x" * 600_000, 413),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_what_cannot_be_read_says_so_and_changes_nothing(what, client, told):
    body, code = MALFORMED[what]
    answer = client.post("/webhooks/twilio", body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == code
    assert answer.json()["remedy"]
    assert told() == []


def test_neither_a_status_nor_a_message_is_400(client):
    assert post(client, INBOUND, {"CallSid": "CA1"}).status_code == 400


def test_a_message_that_others_sent_through_the_account_is_nobodys(client, told):
    assert post(client, INBOUND, status("delivered")).status_code == 200
    assert post(client, f"{INBOUND}?n=../../etc&s=1&u=x", status("delivered")).status_code == 200
    assert told() == []


def test_an_error_says_what_it_was_and_a_number_that_is_dead_is_not_used_again(client, told, sms):
    User.objects.create(user_id=sms.user, phone=PHONE)
    post(client, callback(sms), status("undelivered", ErrorCode="30003"))
    assert not InvalidAddress.objects.exists()
    post(client, callback(sms), status("failed", ErrorCode="30005"))
    assert [(one.address, one.channel) for one in InvalidAddress.objects.all()] == [(PHONE, "sms")]
    assert [one.detail for one in told()] == [
        "undelivered, error 30003: The phone couldn't be reached: off, out of range, or out of service.",
        "failed, error 30005: The number is unknown or no longer in service. Ask the user for another one.",
    ]


def test_who_is_unsubscribed_at_twilio_is_suppressed_here(client, told, sms):
    post(client, callback(sms), status("failed", ErrorCode="21610"))
    assert Suppression.objects.get().reason == "stop"


@pytest.mark.parametrize(
    "order", [["sent", "delivered", "read"], ["read", "sent", "delivered", "sent", "queued", "read"]]
)
def test_statuses_in_any_order_and_any_number_come_to_the_same(order, client, told, sms):
    for word in order:
        assert post(client, callback(sms), status(word)).status_code == 200
    tracking.track([(receipt, False) for receipt in told()], polled_at=now_ms())
    cells = get_store().cells([(sms.id, "sms")])[sms.id, "sms"]
    assert words.delivery_status("sms", cells, [sms.send]) == "delivered"
