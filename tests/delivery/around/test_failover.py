"""Several accounts for a channel: who gets what, gradually, and nothing twice."""

from __future__ import annotations

import pytest

from delivery import account_settings, breaker
from delivery.models import Alert
from delivery.providers.webhook.adapter import WebhookAdapter
from foundation.redis import get_redis, key
from tests.delivery.around.sending_to import (
    accounts_used,
    again,
    counted,
    deliver,
    errors,
    let_pass,
    received,
    share,
    sms,
)
from tests.delivery.conftest import DATABASES

pytestmark = [pytest.mark.django_db(transaction=True, databases=DATABASES), pytest.mark.usefixtures("accounts")]


def test_the_first_account_takes_all_of_it_and_another_by_weight():
    assert accounts_used(deliver(sms(20))) == {"main": 20}


def test_accounts_of_the_same_order_share_by_weight(accounts):
    accounts(main={"weight": 3}, spare={"order": 0})
    used = accounts_used(deliver(sms(200)))
    assert used["main"] + used["spare"] == 200
    assert used["main"] / 200 == pytest.approx(0.75, abs=0.12)


def test_an_account_that_fails_now_and_then_loses_as_much_of_its_traffic(main):
    breaker.record("main", ok=60, failed=40)
    assert share("main") == pytest.approx(0.6, abs=0.02)
    used = accounts_used(deliver(sms(200)))
    assert used["main"] / 200 == pytest.approx(0.6, abs=0.12)


def test_an_account_that_is_down_loses_it_and_gets_it_back_little_by_little(main, spare):
    main.script.drop(times=None)
    assert errors(deliver(sms(20))) == {"ambiguous": 20}
    assert accounts_used(deliver(sms(50))) == {"spare": 50}
    main.script.reset()
    let_pass("main")
    back = accounts_used(deliver(sms(200)))
    assert back["main"] <= 40  # a trial, and what a tenth of the traffic is
    assert breaker.state("main").state == breaker.CLOSED
    assert share("main") == pytest.approx(breaker.RETURN_SHARE, abs=0.05)
    half = breaker.RECOVER_MS // 2
    at = int(get_redis().hget(key("breaker", "main"), "at") or 0)
    get_redis().hset(key("breaker", "main"), "at", at - half)
    assert share("main") == pytest.approx(0.6, abs=0.05)
    get_redis().hset(key("breaker", "main"), "at", at - 2 * breaker.RECOVER_MS)
    assert accounts_used(deliver(sms(50))) == {"main": 50}
    assert set(received(main, spare).values()) == {1}


def test_who_refused_a_send_does_not_get_it_again_where_another_can(main, spare):
    main.script.answer("500")
    first = deliver(sms(1))
    assert errors(first) == {"transient": 1}
    (retry,) = again(first)
    assert (retry.attempt, retry.refused_by) == (2, ["main"])
    assert accounts_used(deliver([retry])) == {"spare": 1}


def test_who_refused_a_send_gets_it_again_where_the_other_shuts_meanwhile(main, spare):
    main.script.answer("500")
    (retry,) = again(deliver(sms(1)))
    spare.script.answer("429", retry_after=30)
    assert accounts_used(deliver([retry])) == {"main": 1}


@pytest.mark.parametrize(("priority", "times"), [("high", 2), ("normal", 1)])
def test_what_is_in_doubt_stays_with_its_account_and_its_rule(main, spare, settings, priority, times):
    settings.PROVIDER_TIMEOUT_S = 0.3
    main.script.silence()
    first = deliver(sms(1, priority=priority))
    assert errors(first) == {"ambiguous": 1}
    for retry in again(first):
        assert retry.refused_by == []
        deliver([retry])
    assert list(received(main).values()) == [times]
    assert not received(spare)


def test_a_refused_account_is_paused_named_in_an_alert_and_its_sends_go_over_the_other(main):
    main.script.answer("401", times=None)
    delivered = deliver(sms(20))
    assert (accounts_used(delivered), delivered.failures) == ({"spare": 20}, [])
    assert breaker.state("main").state == breaker.PAUSED
    (alert,) = Alert.objects.all()
    assert alert.kind == "misconfigured"
    assert "The account main is refused: The receiver doesn't take our signature." in alert.text


def test_a_single_send_that_is_refused_goes_over_the_other_and_pauses_nothing(main):
    main.script.answer("401")
    assert accounts_used(deliver(sms(1))) == {"spare": 1}
    assert breaker.state("main").state == breaker.CLOSED
    assert accounts_used(deliver(sms(5))) == {"main": 5}


def test_an_adapter_that_breaks_leaves_its_own_sends_in_doubt(main, spare, accounts, monkeypatch):
    accounts(spare={"order": 0})
    monkeypatch.setattr(WebhookAdapter, "send", broken_for("main", WebhookAdapter.send))
    delivered = deliver(sms(40))
    found = accounts_used(delivered) + errors(delivered)
    assert (set(found), sum(found.values())) == ({"spare", "ambiguous"}, 40)
    assert set(received(spare).values()) == {1}


def test_an_adapter_that_does_not_close_costs_its_batch_nothing(main, accounts, monkeypatch):
    assert accounts_used(deliver(sms(1))) == {"main": 1}
    accounts(main={"weight": 2})

    close = WebhookAdapter.close

    def fail(adapter):
        close(adapter)
        raise TimeoutError

    with monkeypatch.context() as broken:
        broken.setattr(WebhookAdapter, "close", fail)
        assert accounts_used(deliver(sms(5))) == {"main": 5}


def broken_for(account, send):
    """An adapter's `send` with a fault in it."""

    def broken(adapter, orders):
        if adapter.name == account:
            raise RuntimeError("nobody thought of this")
        return send(adapter, orders)

    return broken


def test_one_that_asks_to_wait_is_left_alone_for_as_long_and_the_others_go_on(main):
    main.script.answer("429", retry_after=30)
    delivered = deliver(sms(20))
    # Those already on their way when it asked were taken; none was begun after.
    assert sum(accounts_used(delivered).values()) == 20
    calls = len(main.script.received)
    assert accounts_used(deliver(sms(20))) == {"spare": 20}
    assert len(main.script.received) == calls
    assert 28_000 < breaker.state("main").wait_ms <= 30_000


def test_two_accounts_down_wait_and_burn_nothing(main, spare):
    for one in ("main", "spare"):
        breaker.record(one, ok=0, failed=breaker.THRESHOLD)
    delivered = deliver(sms(20))
    assert (errors(delivered), counted(delivered)) == ({"breaker_open": 20}, 0)
    assert breaker.shut_ms("sms") > 0
    assert not received(main, spare)


def test_an_operators_pause_moves_the_traffic_until_it_is_resumed():
    account_settings.pause("main", "invoices come twice", by="ann")
    assert accounts_used(deliver(sms(5))) == {"spare": 5}
    standing = breaker.state("main")
    assert (standing.state, standing.why, standing.by_operator) == (breaker.PAUSED, "invoices come twice", True)
    account_settings.resume("main")
    assert accounts_used(deliver(sms(5))) == {"main": 5}


def test_a_pause_outlives_a_wiped_redis():
    account_settings.pause("main", "for now")
    get_redis().flushdb()
    assert accounts_used(deliver(sms(1))) == {"main": 1}  # until beat's next tick
    account_settings.publish_anew()
    assert accounts_used(deliver(sms(1))) == {"spare": 1}
