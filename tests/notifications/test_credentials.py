"""Tokens: hashed at rest, known with SQL down, revoked within seconds; user tokens; tickets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import OperationalError, connection

from foundation.errors import ControlPlaneUnavailable, InvalidRequest, Unauthenticated
from notifications import credentials
from notifications.models import ServiceToken

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis")]


@pytest.fixture(autouse=True)
def _a_process_that_just_started():
    credentials._local.clear()


def a_token(**options):
    options = {"name": "orders", "scopes": ["notifications:send"], "types": ["order_shipped"], "rate": 100} | options
    return credentials.create_token(**options)


def test_a_token_says_what_it_may_do():
    secret, row = a_token()
    facts = credentials.authenticate(secret)
    assert facts == credentials.TokenFacts(
        id=str(row.pk),
        kind="service",
        scopes=frozenset({"notifications:send"}),
        types=("order_shipped",),
        rate=100,
    )


def test_the_secret_is_nowhere_at_rest(redis):
    secret, _ = a_token()
    credentials.authenticate(secret)
    stored = str(ServiceToken.objects.values_list()) + str([redis.dump(name) for name in redis.keys("np:token:*")])
    assert secret not in stored
    assert secret[10:] not in stored


@pytest.mark.parametrize("secret", ["", "nps_wrong", "npu_forged:x:y", "npu_", "ключ", "\ud800"])
def test_what_is_no_token_of_ours_is_refused(secret):
    with pytest.raises(Unauthenticated):
        credentials.authenticate(secret)


def test_an_expired_token_is_refused_like_a_wrong_one():
    secret, _ = a_token(expires_at=datetime.now(UTC) + timedelta(hours=1))
    credentials.authenticate(secret)
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=2)), pytest.raises(Unauthenticated) as late:
        credentials.authenticate(secret)
    with pytest.raises(Unauthenticated) as wrong:
        credentials.authenticate("nps_wrong")
    assert late.value.detail == wrong.value.detail


def test_a_revoked_token_is_refused_by_a_process_that_had_it_in_redis():
    secret, row = a_token()
    credentials.authenticate(secret)
    credentials.revoke_token(row)
    with pytest.raises(Unauthenticated):
        credentials.authenticate(secret)


def test_a_row_revoked_behind_the_caches_is_noticed_after_the_recheck_interval(redis):
    secret, row = a_token()
    credentials.authenticate(secret)
    ServiceToken.objects.filter(pk=row.pk).update(revoked_at=datetime.now(UTC))
    credentials._local.clear()
    later = datetime.now(UTC) + timedelta(milliseconds=credentials.RECHECK_MS + 1)
    with time_machine.travel(later), pytest.raises(Unauthenticated):
        credentials.authenticate(secret)


class SqlDown:
    """Every statement fails, as with the server gone."""

    def __call__(self, execute, sql, params, many, context):
        raise OperationalError("gone")


def test_a_process_started_with_sql_down_knows_a_cached_token_and_only_that():
    secret, _ = a_token()
    facts = credentials.authenticate(secret)
    credentials._local.clear()
    with connection.execute_wrapper(SqlDown()):
        later = datetime.now(UTC) + timedelta(milliseconds=credentials.RECHECK_MS + 1)
        with time_machine.travel(later, tick=True):
            assert credentials.authenticate(secret) == facts
        with pytest.raises(ControlPlaneUnavailable):
            credentials.authenticate("nps_never_seen")


def test_a_token_works_with_redis_away(settings, redis, monkeypatch):
    from redis import ConnectionError as Gone

    secret, _ = a_token()
    monkeypatch.setattr(redis.connection_pool, "get_connection", lambda *_, **__: (_ for _ in ()).throw(Gone()))
    assert credentials.authenticate(secret).kind == "service"


def test_an_unknown_scope_is_refused_with_the_list():
    with pytest.raises(InvalidRequest) as refusal:
        a_token(scopes=["everything"])
    assert "notifications:send" in refusal.value.remedy


def test_last_uses_reach_the_rows_in_one_go():
    secret, row = a_token()
    credentials.authenticate(secret)
    assert credentials.note_uses() == 1
    row.refresh_from_db()
    assert row.last_used_at is not None


def test_a_user_token_is_that_users_for_minutes():
    token = credentials.make_user_token("usr_42", 60)
    assert credentials.authenticate(token) == credentials.TokenFacts(id="", kind="user", user_id="usr_42")
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=61)), pytest.raises(Unauthenticated):
        credentials.verify_user_token(token)


def test_a_ticket_opens_one_socket(redis):
    ticket = credentials.make_ticket("usr_42")
    assert credentials.redeem_ticket(ticket) == "usr_42"
    assert credentials.redeem_ticket(ticket) is None
    assert credentials.redeem_ticket("made-up") is None
