"""Twilio's callbacks: signed for the address it was told; statuses become receipts, keywords suppressions."""

from __future__ import annotations

import hmac
from hmac import compare_digest
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from django.conf import settings
from django.test import Client
from twilio.request_validator import RequestValidator

from delivery import tracking
from delivery.receipts import keywords, twilio
from foundation.clock import now_ms
from notifications import status as words
from notifications.store import get_store
from preferences.models import InvalidAddress, Suppression, User
from preferences.suppression import Entry, add
from tests.delivery.receipts.conftest import AUTH_TOKEN, PHONE, PUBLIC_URL, Sent

pytestmark = [
    pytest.mark.django_db(databases=["default", "store"]),
    pytest.mark.usefixtures("emptied", "twilio_account"),
]
INBOUND = f"{PUBLIC_URL}/webhooks/twilio"


def callback(sent: Sent) -> str:
    """The address that Twilio is told for one send."""
    query = urlencode({"n": sent.id, "s": sent.send, "u": sent.user})
    return f"{settings.PUBLIC_URL.rstrip('/')}/webhooks/twilio?{query}"


def signature(url: str, fields: dict[str, str], token: str = AUTH_TOKEN) -> str:
    return RequestValidator(token).compute_signature(url, fields)


def post(client: Client, url: str, fields: dict[str, str], *, signed: str | None = None) -> Any:
    """As Twilio posts to `url`; a proxy passes it on under another host, without TLS."""
    parts = urlsplit(url)
    headers = {"X-Twilio-Signature": signature(url, fields) if signed is None else signed}
    return client.post(
        f"{parts.path}?{parts.query}" if parts.query else parts.path,
        urlencode(fields).encode(),
        content_type="application/x-www-form-urlencoded",
        headers=headers,
    )


@pytest.fixture
def sms() -> Sent:
    return Sent("sms", PHONE, user="usr 42/ü")


def status(word: str, **more: str) -> dict[str, str]:
    return {"MessageSid": "SM1", "AccountSid": "AC1", "MessageStatus": word, "SmsStatus": word, "To": PHONE} | more


def message(text: str, sid: str = "SM9", **more: str) -> dict[str, str]:
    return {"MessageSid": sid, "SmsStatus": "received", "From": PHONE, "To": "+14155550100", "Body": text} | more


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


# --- what people write back

WORDS = [
    ("STOP", "STOP", "en"),
    (" stop. ", "STOP", "en"),
    ("Stop all!", "STOP", "en"),
    ("unsubscribe", "STOP", "en"),
    ("STOPP", "STOP", "de"),
    ("Abmelden", "STOP", "de"),
    ("BAJA", "STOP", "es"),
    ("Arrêt", "STOP", "fr"),
    ("ARRET", "STOP", "fr"),
    ("start", "START", "en"),
    ("Anmelden", "START", "de"),
    ("Alta", "START", "es"),
    ("Reprendre", "START", "fr"),
    ("Help?", "HELP", "en"),
    ("Hilfe", "HELP", "de"),
    ("AYUDA", "HELP", "es"),
    ("aide", "HELP", "fr"),
]


@pytest.mark.parametrize(("text", "wish", "language"), WORDS)
def test_a_keyword_is_answered_in_its_own_language(text, wish, language, client):
    add([Entry(PHONE, "sms", "stop")] if wish == "START" else [], by="twilio")
    answer = post(client, INBOUND, message(text))
    assert answer.status_code == 200
    said = keywords.ANSWERS[language][keywords.Wish(wish)].format(brand="Harbor")
    assert f"<Message>{said}</Message>" in answer.content.decode()
    assert Suppression.objects.filter(address=PHONE, channel="sms").exists() == (wish == "STOP")


@pytest.mark.parametrize("text", ["please don't stop", "Thanks", "", "stopwatch", "🛑"])
def test_anything_else_changes_nothing_and_is_not_answered(text, client):
    answer = post(client, INBOUND, message(text))
    assert (answer.status_code, b"<Message>" in answer.content) == (200, False)
    assert not Suppression.objects.exists()


def test_start_takes_back_a_stop_and_nothing_else(client):
    add([Entry(PHONE, "sms", "stop")], by="twilio")
    add([Entry(PHONE, "sms", "manual", "a court's order")], by="root")
    post(client, INBOUND, message("START"))
    assert Suppression.objects.get().reason == "manual"


def test_a_start_that_is_told_again_does_not_undo_a_later_stop(client):
    for text, sid in (("STOP", "SM1"), ("START", "SM2"), ("STOP", "SM3"), ("START", "SM2")):
        assert post(client, INBOUND, message(text, sid)).status_code == 200
    assert Suppression.objects.exists()


def test_where_twilio_answers_by_itself_we_do_not(client):
    answer = post(client, INBOUND, message("fin", OptOutType="STOP"))
    assert b"<Message>" not in answer.content
    assert Suppression.objects.get().reason == "stop"


def test_a_short_code_or_another_kind_of_sender_is_nobody(client):
    for sender in ("12345", "whatsapp:+4915112345678", "Harbor"):
        assert post(client, INBOUND, message("STOP", From=sender)).status_code == 200
    assert not Suppression.objects.exists()


def test_every_keyword_and_answer_fits_into_one_message():
    for language, wishes in keywords.WORDS.items():
        for wish in keywords.Wish:
            assert len(keywords.ANSWERS[language][wish].format(brand="Harbor")) <= 160
            for word in wishes[wish]:
                meant = keywords.meaning(word)
                assert meant is not None
                assert meant[0] is wish
