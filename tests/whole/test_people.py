"""What users and their apps change over REST is felt by the next notification (contract §2, §4)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from notifications.credentials import make_user_token
from tests.pipeline import Pipeline
from tests.whole.conftest import make_type
from tests.whole.looking import assert_accounted_for, channels, outbox

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

ORDER = {"order": "A1"}
SENT = ("sent", "")


class App:
    """A user's own app."""

    def __init__(self, user: str) -> None:
        self.user, self._headers = user, {"Authorization": f"Bearer {make_user_token(user)}"}

    def put(self, rest: str = "", **body: Any) -> Any:
        answer = Client().put(
            f"/api/v1/users/{self.user}{rest}", json.dumps(body), content_type="application/json", headers=self._headers
        )
        assert answer.status_code in (200, 201), answer.content
        return answer.json()

    def delete(self, rest: str) -> None:
        assert Client().delete(f"/api/v1/users/{self.user}{rest}", headers=self._headers).status_code == 204


@pytest.fixture
def kinds(pipeline: Pipeline) -> Pipeline:
    make_type("order_shipped", channels=["in_app", "push", "email", "sms"], priority="high")
    make_type("password_changed", channels=["email"], category="security", mandatory=True)
    return pipeline


def send(pipeline: Pipeline, user: str) -> tuple[dict[str, tuple[str, str]], set[str]]:
    """One more for `user`: how each channel ended, and the addresses it went to."""
    id = pipeline.send("order_shipped", user, data=ORDER)
    pipeline.run()
    return channels(id), set(outbox(id))


def test_from_a_stranger_to_somebody_reached_everywhere_and_back(kinds: Pipeline):
    ann = App("usr_ann")
    assert send(kinds, "usr_ann")[1] == set()
    ann.put(email="ann@example.com", phone="+4915112345678", locale="en", time_zone="Europe/Berlin")
    assert send(kinds, "usr_ann")[1] == {"ann@example.com"}
    device = ann.put("/devices", token="token-1", platform="apns", name="phone")
    ann.put("/preferences", preferences=[{"type": "order_updates", "channel": "sms", "enabled": True}])
    assert send(kinds, "usr_ann") == (
        dict.fromkeys(("in_app", "push", "email", "sms"), SENT),
        {"ann@example.com", "token-1", "+4915112345678"},
    )
    ann.put("/preferences", preferences=[{"type": "*", "channel": "email", "enabled": False}])
    ended, addresses = send(kinds, "usr_ann")
    assert (ended["email"], addresses) == (("dropped", "opted_out"), {"token-1", "+4915112345678"})
    ann.delete(f"/devices/{device['id']}")
    ann.put(phone=None)
    ended, addresses = send(kinds, "usr_ann")
    assert (ended["push"], ended["sms"], addresses) == (("dropped", "no_address"), ("dropped", "no_address"), set())
    assert_accounted_for()


def test_a_device_that_changes_hands_rings_for_its_new_owner_alone(kinds: Pipeline):
    ann, bob = App("usr_ann"), App("usr_bob")
    ann.put("/devices", token="token-1", platform="apns")
    assert send(kinds, "usr_ann")[1] == {"token-1"}
    bob.put("/devices", token="token-1", platform="apns")
    assert send(kinds, "usr_ann")[1] == set()
    assert send(kinds, "usr_bob")[1] == {"token-1"}
    assert_accounted_for()
