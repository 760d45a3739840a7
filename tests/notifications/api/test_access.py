"""Who may call what: no token, a wrong one, an expired one, one without the scope, another user's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from notifications.credentials import make_user_token, redeem_ticket, revoke_token, verify_user_token
from tests.notifications.accepting import make_type, written
from tests.notifications.api.calling import EVENT, Caller, assert_problem

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_process", "empty_log")]


def post_with(header: str | None):
    headers = {"Authorization": header} if header is not None else {}
    return Client().post("/api/v1/notifications", EVENT, content_type="application/json", headers=headers)


WRONG = [None, "Bearer nps_wrong", "Bearer", "Basic YTpi", "Bearer npu_a:b:c", "Bearer \x00"]


@pytest.mark.parametrize("header", WRONG)
def test_without_a_valid_token_nothing_is_told(header):
    make_type()
    answer = post_with(header)
    assert_problem(answer, 401)
    assert answer["WWW-Authenticate"] == "Bearer"
    assert written() == []


def test_an_expired_and_a_revoked_token_are_refused_alike():
    make_type()
    expired = Caller("notifications:send", expires_at=datetime.now(UTC) - timedelta(seconds=1))
    revoked = Caller("notifications:send")
    revoke_token(revoked.row)
    answers = [each.post("notifications", EVENT) for each in (expired, revoked)]
    assert assert_problem(answers[0], 401) == assert_problem(answers[1], 401)
    assert written() == []


@pytest.mark.parametrize("path", ["notifications", "notifications/batch", "notifications/explain"])
def test_sending_needs_its_scope(path):
    make_type()
    problem = assert_problem(Caller("notifications:read", "users:write").post(path, EVENT), 403)
    assert "notifications:send" in problem["remedy"]
    assert written() == []


def test_a_user_token_sends_nothing():
    make_type()
    assert_problem(post_with(f"Bearer {make_user_token('usr_42')}"), 403)
    assert written() == []


def test_a_service_makes_a_short_lived_token_for_its_user():
    answer = Caller("users:write").post("users/usr_42/tokens", {})
    assert answer.status_code == 201
    assert verify_user_token(answer.json()["token"]) == "usr_42"


def test_a_user_token_makes_no_further_tokens():
    headers = {"Authorization": f"Bearer {make_user_token('usr_42')}"}
    assert_problem(Client().post("/api/v1/users/usr_42/tokens", headers=headers), 403)


def test_a_ticket_is_for_ones_own_sockets():
    headers = {"Authorization": f"Bearer {make_user_token('usr_42')}"}
    own = Client().post("/api/v1/users/usr_42/tickets", headers=headers)
    assert redeem_ticket(own.json()["ticket"]) == "usr_42"
    assert_problem(Client().post("/api/v1/users/usr_43/tickets", headers=headers), 403)


def test_what_isnt_there_and_wrong_methods_are_problems_too():
    service = Caller("notifications:send")
    assert_problem(service.get("nothing/here"), 404)
    wrong = service.get("notifications/batch/")
    assert_problem(wrong, 404)
    wrong = service.delete("notifications/explain")
    assert_problem(wrong, 405)
    assert "POST" in wrong["Allow"]


def test_a_page_of_an_allowed_origin_may_call(settings):
    settings.ALLOWED_ORIGINS = ["https://shop.example"]
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    answer = Client().options("/api/v1/notifications", headers=asked)
    assert answer.status_code == 204
    assert answer["Access-Control-Allow-Origin"] == "https://shop.example"
    assert "Idempotency-Key" in answer["Access-Control-Allow-Headers"]


def test_a_page_of_another_origin_is_refused_by_the_settings_name(settings):
    settings.ALLOWED_ORIGINS = ["https://shop.example"]
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = Client().options("/api/v1/notifications", headers=asked)
    assert "ALLOWED_ORIGINS" in assert_problem(answer, 403)["remedy"]
    assert "Access-Control-Allow-Origin" not in answer


def test_docs_need_no_token_and_no_network():
    page = Client().get("/api/docs")
    assert page.status_code == 200
    assert b"https://" not in page.content
    schema = Client().get("/api/schema", headers={"Accept": "application/json"}).json()
    send = schema["paths"]["/api/v1/notifications"]["post"]
    assert {"202", "400", "401", "403", "409", "413", "422", "429", "503"} <= set(send["responses"])
    assert send["requestBody"]["content"]["application/json"]["examples"]
