"""GET /notifications/{id}: who may know, and what they are told."""

from __future__ import annotations

import pytest

from foundation.errors import NotFound
from foundation.identifiers import new_notification_id
from notifications.api.status import status_of
from notifications.credentials import TokenFacts, create_token
from notifications.log import get_log
from notifications.log.port import Message
from notifications.lookup import drawn_at, find_event
from notifications.records import Event, encode
from notifications.store import get_store
from notifications.store.port import Details
from notifications.topology import RAW, TOPICS
from tests.delivery.reports_of import decision, event, verdict

pytestmark = [pytest.mark.django_db(databases=["default", "store"]), pytest.mark.usefixtures("redis")]

SENDER = TokenFacts(id="7", kind="service", scopes=frozenset({"notifications:read"}))
OTHER = TokenFacts(id="8", kind="service", scopes=frozenset({"notifications:read"}))
OPERATOR = TokenFacts(id="9", kind="admin", scopes=frozenset({"notifications:read", "operate"}))
OWN_USER = TokenFacts(id="", kind="user", user_id="u1")
OTHER_USER = TokenFacts(id="", kind="user", user_id="u2")


@pytest.fixture
def decided() -> str:
    id = new_notification_id()
    get_store().record_details([Details(decision=decision(id, verdict("push"), token="7"))])
    return id


def test_the_sender_and_an_operator_see_the_event(decided: str):
    for token in (SENDER, OPERATOR):
        answer = status_of(decided, token)
        assert answer["channels"]["push"]["status"] == "pending"
        assert answer["event"]["data"] == {"order": "A-17"}


def test_the_users_own_app_sees_the_way_but_not_the_senders_data(decided: str):
    answer = status_of(decided, OWN_USER)
    assert answer["channels"]["push"]["status"] == "pending"
    assert "event" not in answer


@pytest.fixture(autouse=True)
def log():
    log = get_log()
    log.create_topics({topic.name: topic.partitions for topic in TOPICS.values()})
    return log


@pytest.mark.parametrize("token", [OTHER, OTHER_USER])
def test_for_others_it_does_not_exist(decided: str, token: TokenFacts):
    with pytest.raises(NotFound) as refused:
        status_of(decided, token)
    with pytest.raises(NotFound) as unknown:
        status_of(new_notification_id(), token)
    assert str(refused.value) == str(unknown.value)


def test_an_id_says_when_it_was_drawn():
    assert drawn_at("notif_0190a5f6b0007000800000000000abcd") == 0x0190A5F6B000
    assert drawn_at("notif_x1y2z3") is None
    assert drawn_at("bc_0190a5f6b0007000800000000000abcd") is None
    assert find_event("notif_x1y2z3") is None


def test_it_is_accepted_at_once_though_nobody_routed_it_yet(log):
    id = new_notification_id()
    accepted: Event = event(id, token="7")
    log.produce([Message(RAW, "u1", encode(accepted))])
    assert find_event(id) == accepted
    assert find_event(new_notification_id()) is None
    assert status_of(id, SENDER)["status"] == "accepted"


def test_over_http_with_the_senders_token(client, decided: str):
    secret, row = create_token(name="orders", scopes=["notifications:read"])
    id = new_notification_id()
    get_store().record_details([Details(decision=decision(id, verdict("push"), token=str(row.pk)))])
    answer = client.get(f"/api/v1/notifications/{id}", HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert (answer.status_code, answer.json()["status"]) == (200, "in_flight")
    others = client.get(f"/api/v1/notifications/{decided}", HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert (others.status_code, others.json()["code"]) == (404, "not_found")
    assert client.get(f"/api/v1/notifications/{id}").status_code == 401
    secret, _ = create_token(name="sender only", scopes=["notifications:send"])
    assert client.get(f"/api/v1/notifications/{id}", HTTP_AUTHORIZATION=f"Bearer {secret}").status_code == 403
