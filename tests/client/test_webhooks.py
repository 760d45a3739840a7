"""Webhooks that our own provider signed are verified; forged, changed and old ones aren't."""

from __future__ import annotations

import base64
import time

import pytest
from notification_platform import BadSignature, NotConfigured, Receiver
from standardwebhooks.webhooks import Webhook

from delivery.providers.webhook.message import call
from foundation.clock import now_ms
from tests.delivery.providers.made_orders import order

SECRET = "whsec_" + base64.b64encode(b"a" * 32).decode()
OTHER = "whsec_" + base64.b64encode(b"b" * 32).decode()


@pytest.fixture
def sent():
    """A call as the platform makes it: (body, headers)."""
    made = call(
        order("https://example.com/hook", channel="push"),
        Webhook(base64.b64decode(SECRET.removeprefix("whsec_"))),
        now=now_ms(),
    )
    return made.body, made.headers


def test_what_the_platform_signed_is_read(sent):
    event = Receiver(SECRET).verify(*sent)
    assert event.data.notification_id
    assert event.data.send_id == sent[1]["webhook-id"]
    assert event.data.content["title"]


def test_while_a_secret_is_being_replaced_both_hold(sent):
    assert Receiver(OTHER, SECRET).verify(*sent) == Receiver(SECRET).verify(*sent)


def test_headers_are_found_however_they_are_written(sent):
    body, headers = sent
    assert Receiver(SECRET).verify(body, {name.title(): value for name, value in headers.items()})


CHANGES = {
    "another secret": lambda body, headers: (body, headers, OTHER),
    "a changed body": lambda body, headers: (body.replace(b"usr", b"usx"), headers, SECRET),
    "a changed id": lambda body, headers: (body, headers | {"webhook-id": "other"}, SECRET),
    "a changed time": lambda body, headers: (body, headers | {"webhook-timestamp": str(int(time.time()) + 5)}, SECRET),
    "an old one": lambda body, headers: (body, headers | {"webhook-timestamp": str(int(time.time()) - 3600)}, SECRET),
    "no time": lambda body, headers: (body, headers | {"webhook-timestamp": "now"}, SECRET),
    "no headers": lambda body, headers: (body, {}, SECRET),
    "rubbish as signature": lambda body, headers: (body, headers | {"webhook-signature": "v1,ä é"}, SECRET),
    "not UTF-8": lambda body, headers: (b"\xff", headers, SECRET),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_not_the_platforms_is_refused(sent, name):
    body, headers, secret = CHANGES[name](*sent)
    with pytest.raises(BadSignature):
        Receiver(secret).verify(body, headers)


@pytest.mark.parametrize("secrets", [[], [""], ["whsec_%%%"]])
def test_what_can_be_no_secret_is_told(secrets):
    with pytest.raises(NotConfigured):
        Receiver(*secrets)
