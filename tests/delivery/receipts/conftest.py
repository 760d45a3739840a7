"""Given: an SNS that signs with a certificate of its own, an account at Twilio, and what was told to the log since."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from delivery.receipts import certificates
from foundation.identifiers import new_notification_id, send_id
from notifications.log import get_log
from notifications.records import Receipt, Reports, decode
from notifications.topology import DELIVERY
from tests.simulators.sns import TOPIC, Sns

PUBLIC_URL = "https://hooks.example.com"
AUTH_TOKEN = "the-token-of-the-account"
PHONE, EMAIL = "+4915112345678", "ada@example.com"


@pytest.fixture
def emptied(module_log: None, db: None, redis: object) -> None:
    """An empty Redis and the module's log; what a test writes to the databases is taken back."""


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture(scope="session")
def sns_server() -> Iterator[Sns]:
    with Sns() as running:
        yield running


@pytest.fixture
def sns(sns_server: Sns, settings) -> Iterator[Sns]:
    """SNS with a clean memory; ours trusts it and knows its topic."""
    certificates.forget()
    sns_server.requests.clear()
    settings.SNS_HOSTS, settings.SNS_CA_FILE = [sns_server.host], str(sns_server.ca_file)
    settings.SNS_TOPICS = [TOPIC]
    yield sns_server
    certificates.forget()


@pytest.fixture
def twilio_account(settings) -> str:
    """Its auth token; Twilio was told an address that isn't this process's own."""
    settings.PUBLIC_URL, settings.TWILIO_AUTH_TOKENS = PUBLIC_URL, ["another", AUTH_TOKEN]
    return AUTH_TOKEN


@pytest.fixture
def told(module_log: None) -> Callable[[], list[Receipt]]:
    """The receipts that stand on the delivery topic since the test began."""
    begin = get_log().end_offsets(DELIVERY)

    def since() -> list[Receipt]:
        return [receipt for record in records(begin) for receipt in record.reports]  # type: ignore[misc]

    return since


def records(begin: dict[int, int]) -> list[Reports]:
    found = []
    for partition, end in get_log().end_offsets(DELIVERY).items():
        for record in get_log().read(DELIVERY, partition, begin.get(partition, 0), end):
            found.append(decode(Reports, record.value))
    return found


class Sent:
    """A notification that went out on a channel to an address."""

    def __init__(self, channel: str, address: str, user: str = "usr_42") -> None:
        self.id, self.channel, self.user = new_notification_id(), channel, user
        self.send = send_id(self.id, channel, address)


def post_sns(client: Client, body: Any, **options: Any) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.generic("POST", "/webhooks/ses", raw, content_type="text/plain; charset=UTF-8", **options)


@pytest.fixture
def mail() -> Sent:
    return Sent("email", EMAIL)
