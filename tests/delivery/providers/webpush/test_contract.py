"""Web Push over the wire: what a browser decrypts, who is known to send, every code of the table, connections."""

from __future__ import annotations

import json
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from delivery.providers.port import NotBegun, Taken
from delivery.providers.webpush.codes import CODES, REASONS, SOON_S
from delivery.providers.webpush.message import LONGEST_TTL_S
from foundation.clock import now_ms
from foundation.errors import (
    Ambiguous,
    Misconfigured,
    PermanentForAddress,
    PermanentForMessage,
    ProviderRateLimited,
    Transient,
)
from templates_app.content import Content
from tests.delivery.providers.made_orders import push as order
from tests.simulators.certificates import pem_of
from tests.simulators.webpush import SUBJECT, encoded, point


def kinds(results) -> Counter[type]:
    return Counter(type(result) for result in results)


def orders(service, count: int, **fields):
    return [order(service.subscribe(f"{number:03d}"), **fields) for number in range(count)]


class TestWhatGoesOut:
    def test_the_browser_reads_what_it_is_to_show(self, adapter, service):
        content = Content(title="Shipped 👋", body="في الطريق", action_url="/orders/17", data={"order": "A-17"})
        one = order(service.subscribe("a"), content=content, collapse_key="order-17", badge=3)
        (result,) = adapter.send([one])
        (got,) = service.script.received
        assert isinstance(result, Taken)
        assert result.provider_id == one.id
        assert got.body == {
            "notification_id": "notif_1",
            "send_id": one.id,
            "user_id": "usr_1",
            "type": "order_shipped",
            "title": "Shipped 👋",
            "body": "في الطريق",
            "action_url": "/orders/17",
            "data": {"order": "A-17"},
            "tag": "order-17",
            "badge": 3,
        }

    def test_its_headers_say_how_long_and_how_urgent(self, adapter, service):
        given = [
            order(service.subscribe("a"), priority="critical", expires_at=now_ms() + 60_000, collapse_key="order-17"),
            order(service.subscribe("b"), priority="low", collapse_key="order 17 of a very long name indeed"),
            order(service.subscribe("c"), priority="normal", expires_at=now_ms() - 1),
        ]
        assert kinds(adapter.send(given)) == {Taken: 3}
        first, second, third = (each.headers for each in sorted(service.script.received, key=lambda got: got.address))
        assert 55 <= int(first["ttl"]) <= 60
        assert (first["urgency"], first["topic"]) == ("high", "order-17")
        assert (second["ttl"], second["urgency"], len(second["topic"])) == (str(LONGEST_TTL_S), "low", 32)
        assert (third["ttl"], third["urgency"], "topic" in third) == ("0", "normal", False)

    def test_the_sender_says_who_it_is(self, adapter, service):
        adapter.send(orders(service, 2))
        first, second = (each.headers["authorization"] for each in service.script.received)
        assert first == second
        claims = jwt.decode(first.partition("t=")[2].partition(",")[0], options={"verify_signature": False})
        assert (claims["aud"], claims["sub"]) == (service.base_url, SUBJECT)
        assert time.time() < claims["exp"] < time.time() + 24 * 3_600

    def test_4096_bytes_go_out_and_one_more_is_refused_with_the_figures(self, adapter, service):
        ids = b'"notification_id":"notif_1","send_id":"00000000-0000-0000-0000-000000000000","user_id":"usr_1"'
        plain = len(b"{" + ids + b',"type":"order_shipped","body":""}')
        results = adapter.send(
            [
                order(service.subscribe(f"{more}"), content=Content(body="x" * (4_096 - 103 - plain + more)))
                for more in (0, 1)
            ]
        )
        assert kinds(results) == {Taken: 1, PermanentForMessage: 1}
        assert "4,097 bytes once encrypted, push services take 4,096" in results[1].detail

    @pytest.mark.parametrize("content", [Content(), Content(body="half \ud83d")])
    def test_what_no_browser_can_show_is_refused_before_it_is_sent(self, adapter, service, content):
        given = [order(service.subscribe("a"), content=content), order(service.subscribe("b"))]
        assert kinds(adapter.send(given)) == {PermanentForMessage: 1, Taken: 1}


class TestAddresses:
    @pytest.mark.parametrize(
        "change",
        [
            {"endpoint": ""},
            {"keys": {}},
            {"keys": None},
            {"keys": {"p256dh": "short", "auth": "A" * 22}},
            {"keys": {"p256dh": encoded(b"\x04" + b"\x01" * 64), "auth": "A" * 22}},
            {"keys": {"p256dh": encoded(point(ec.generate_private_key(ec.SECP256R1()))), "auth": "AAAA"}},
        ],
    )
    def test_what_is_no_subscription_is_refused_for_good(self, adapter, service, change):
        (result,) = adapter.send([order(json.dumps(json.loads(service.subscribe("a")) | change))])
        assert (type(result), result.provider_code) == (PermanentForAddress, "subscription")
        assert service.script.received == []

    @pytest.mark.parametrize("token", ["", "fcm-token", "[]", "null", "{"])
    def test_so_is_another_platforms_token(self, adapter, token):
        assert kinds(adapter.send([order(token)])) == {PermanentForAddress: 1}

    @pytest.mark.parametrize(
        "endpoint", ["ftp://example.com/", "https:///x", "https://a:b@example.com/", "//x", "https://[::1]/x"]
    )
    def test_an_endpoint_is_an_address_that_can_be_called(self, adapter, service, endpoint):
        token = json.loads(service.subscribe("a")) | {"endpoint": endpoint}
        (result,) = adapter.send([order(json.dumps(token))])
        assert (type(result), result.provider_code) == (PermanentForAddress, "endpoint")

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433"])
    def test_none_leads_into_our_own_network(self, make_adapter, service, host):
        token = json.loads(service.subscribe("a")) | {"endpoint": f"https://{host}:{service.port}/push/a"}
        (result,) = make_adapter(allow_private=False).send([order(json.dumps(token))])
        assert (type(result), result.provider_code) == (PermanentForAddress, "private_address")
        assert service.script.connections == 0


class TestCodes:
    @pytest.mark.parametrize("code", sorted(CODES))
    def test_every_status_of_the_table_has_its_outcome(self, adapter, service, code):
        service.script.answer(str(code))
        (result,) = adapter.send(orders(service, 1))
        assert (type(result), result.provider_code, result.detail) == (CODES[code].kind, str(code), CODES[code].detail)
        assert len(service.script.received) == 1

    @pytest.mark.parametrize("reason", sorted(REASONS))
    def test_a_reason_says_more_than_its_status(self, adapter, service, reason):
        service.script.answer("403", reason=reason)
        (result,) = adapter.send(orders(service, 1))
        assert (type(result), result.provider_code) == (REASONS[reason].kind, f"403 {reason}")

    def test_a_number_of_firefox_is_kept(self, adapter, service):
        service.script.answer("410", errno=106)
        assert adapter.send(orders(service, 1))[0].provider_code == "410 106"

    @pytest.mark.parametrize(
        ("code", "kind"),
        [(200, Taken), (202, Taken), (302, PermanentForMessage), (418, PermanentForMessage), (599, Transient)],
    )
    def test_other_statuses_go_by_their_class(self, adapter, service, code, kind):
        service.script.answer(str(code), body=b"<html>")
        assert kinds(adapter.send(orders(service, 1))) == {kind: 1}

    def test_a_subscription_that_is_over_is_a_dead_address(self, adapter, service):
        given = orders(service, 2)
        del service.browsers["/push/001"]
        assert [type(result) for result in adapter.send(given)] == [Taken, PermanentForAddress]

    def test_another_key_than_the_browsers_is_told_for_each(self, make_adapter, service, tmp_path):
        other = tmp_path / "other.pem"
        other.write_text(pem_of(ec.generate_private_key(ec.SECP256R1())))
        (result,) = make_adapter(private_key_file=str(other)).send(orders(service, 1))
        assert (type(result), result.provider_code) == (PermanentForMessage, "403")
        assert "another VAPID key" in result.detail


class TestWaiting:
    def test_a_wait_is_kept_in_seconds_or_as_a_date(self, make_adapter, service):
        service.script.answer("429", retry_after=30)
        service.script.answer("429", retry_after=format_datetime(datetime.now(UTC) + timedelta(seconds=90), True))
        first, second = (make_adapter().send(orders(service, 1))[0] for _ in range(2))
        assert (type(first), first.retry_after) == (ProviderRateLimited, 30.0)
        assert 80 < second.retry_after <= 90

    def test_it_speaks_for_its_service_alone_and_the_next_batch_heeds_it_too(self, adapter, service):
        service.script.answer("429", retry_after=30)
        (first,) = adapter.send(orders(service, 1))
        assert (type(first), first.of_part) == (ProviderRateLimited, True)
        (second,) = adapter.send(orders(service, 1))
        assert (type(second), second.of_part, 29 < second.retry_after <= 30) == (ProviderRateLimited, True, True)
        assert len(service.script.received) == 1

    def test_without_a_time_it_is_a_minute(self, adapter, service):
        service.script.answer("429")
        assert adapter.send(orders(service, 1))[0].retry_after == SOON_S

    def test_one_that_is_away_for_a_while_says_for_how_long(self, adapter, service):
        service.script.answer("503", retry_after=20)
        (result,) = adapter.send(orders(service, 1))
        assert (type(result), result.retry_after) == (Transient, 20.0)

    def test_it_ends_the_batch_for_that_service(self, make_adapter, service):
        service.script.answer("429", after=3, retry_after=30)
        results = make_adapter(streams=1).send(orders(service, 8))
        assert [type(result) for result in results] == [Taken] * 3 + [ProviderRateLimited] * 5
        assert len(service.script.received) == 4

    @pytest.mark.parametrize(("code", "kind"), [("429", Transient), ("401", PermanentForMessage)])
    def test_what_an_unknown_service_says_concerns_its_address_alone(self, make_adapter, service, code, kind):
        service.script.answer(code, address="000$", retry_after=86_400)
        results = make_adapter(services=(), streams=1).send(orders(service, 2))
        assert [type(result) for result in results] == [kind, Taken]
        assert results[0].of_part

    def test_beyond_its_rate_the_rest_waits(self, adapter, service):
        service.script.limit(20, within_s=60)
        assert kinds(adapter.send(orders(service, 50))) == {Taken: 20, ProviderRateLimited: 30}


class TestConnections:
    def test_one_connection_is_kept_and_one_bad_among_many_takes_none_with_it(self, adapter, service):
        service.script.answer("410", address="077$")
        results = adapter.send(orders(service, 200))
        assert isinstance(results[77], PermanentForAddress)
        assert kinds(results) == {Taken: 199, PermanentForAddress: 1}
        adapter.send(orders(service, 10))
        assert service.script.connections == 1

    @pytest.mark.parametrize("how", ["drop", "goaway"])
    def test_an_end_in_mid_batch_is_told_truly(self, adapter, service, how):
        getattr(service.script, how)(after=20)
        given = orders(service, 50)
        results = adapter.send(given)
        received = Counter(got.address for got in service.script.received)
        assert max(received.values()) == 1
        assert set(kinds(results)) <= {Taken, Ambiguous, Transient}
        for number, result in enumerate(results):
            assert not isinstance(result, Taken) or received[f"/push/{number:03d}"]
            assert not isinstance(result, Transient) or not received[f"/push/{number:03d}"]
        assert kinds(adapter.send(orders(service, 10))) == {Taken: 10}

    def test_what_was_taken_and_never_answered_is_in_doubt(self, adapter, service, settings):
        settings.PROVIDER_TIMEOUT_S = 0.6
        service.script.silence(address="007$")
        results = adapter.send(orders(service, 20))
        assert isinstance(results[7], Ambiguous)
        assert kinds(results) == {Taken: 19, Ambiguous: 1}
        assert kinds(adapter.send(orders(service, 10))) == {Taken: 10}

    def test_in_doubt_is_only_what_has_left(self, make_adapter, service, settings):
        settings.PROVIDER_TIMEOUT_S = 0.6
        service.script.silence(times=None)
        results = make_adapter(streams=5).send(orders(service, 20))
        doubted = {f"/push/{number:03d}" for number, got in enumerate(results) if isinstance(got, Ambiguous)}
        assert doubted == {got.address for got in service.script.received}
        assert set(kinds(results)) == {Ambiguous, NotBegun}

    def test_a_connection_where_nobody_answers_any_more_is_left(self, adapter, service, settings):
        settings.PROVIDER_TIMEOUT_S = 0.5
        adapter.send(orders(service, 1))
        service.script.silence(times=10)
        assert kinds(adapter.send(orders(service, 10))) == {Ambiguous: 10}
        assert kinds(adapter.send(orders(service, 10))) == {Taken: 10}

    def test_an_answer_nobody_understands_is_in_doubt(self, adapter, service):
        service.script.rubbish()
        assert kinds(adapter.send(orders(service, 1))) == {Ambiguous: 1}
        assert kinds(adapter.send(orders(service, 1))) == {Taken: 1}

    def test_a_service_that_isnt_there_got_nothing(self, adapter, service, free_port):
        token = json.loads(service.subscribe("a")) | {"endpoint": f"https://127.0.0.1:{free_port}/push/a"}
        assert kinds(adapter.send([order(json.dumps(token))])) == {Transient: 1}

    def test_a_service_nobody_vouches_for_gets_nothing(self, make_adapter, service):
        (result,) = make_adapter(ca_file="").send(orders(service, 1))
        assert (type(result), service.script.received) == (Transient, [])

    def test_nothing_is_begun_after_the_deadline(self, adapter, service):
        assert kinds(adapter.send(orders(service, 1, room_ms=0))) == {NotBegun: 1}
        assert service.script.received == []


class TestAccount:
    def test_the_check_names_the_key_that_browsers_subscribe_with(self, adapter, service):
        assert encoded(point(service.sender)) in adapter.check()
        assert service.script.connections == 0

    def test_the_key_may_be_given_as_32_bytes(self, make_adapter, service, key_file):
        raw = service.sender.private_numbers().private_value.to_bytes(32, "big")
        key_file.write_text(encoded(raw))
        assert kinds(make_adapter().send(orders(service, 1))) == {Taken: 1}

    @pytest.mark.parametrize(
        ("options", "says"),
        [
            ({"subject": "nobody"}, "subject"),
            ({"subject": "mailto:ops@localhost"}, "subject"),
            ({"colour": "red"}, "colour"),
            ({"ca_file": "/nowhere"}, "ca_file"),
            ({"private_key_file": ""}, "private_key"),
        ],
    )
    def test_options_that_make_no_sense_are_refused_by_name(self, make_adapter, options, says):
        with pytest.raises(Misconfigured, match=f"browsers.*{says}"):
            make_adapter(**options)

    @pytest.mark.parametrize(
        "text", ["nonsense", "A" * 40, "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----"]
    )
    def test_a_key_that_is_none_is_refused(self, make_adapter, key_file, text):
        key_file.write_text(text)
        with pytest.raises(Misconfigured, match="private_key is no P-256 key"):
            make_adapter()
