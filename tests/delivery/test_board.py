"""The dashboard's figures: from minute counters to rows of figures, and the way through its pages to a notification."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import Counter

import pytest
from django.contrib.auth.models import User as Staff
from django.test import Client

from delivery import board, tallies, tracking, ways
from foundation import minutes
from foundation.clock import now_ms
from notifications.records import Outcome
from tests.delivery.channel_records import record
from tests.delivery.conftest import DATABASES
from tests.delivery.test_scheduling import decided

CONTROL = "/admin/delivery/control/"


def outcome(id: str = "notif_1", **fields) -> Outcome:
    values = {"user": "usr_1", "channel": "email", "status": "sent", "provider": "ses", "at": now_ms()}
    return Outcome(id=id, **{**values, **fields})


class TestFigures:
    def test_a_minutes_counters_become_bars_by_what_they_are_by(self):
        found = board.summary(
            {
                ("accepted", "standard"): 5,
                ("accepted", "bulk"): 2,
                ("told", "email", "sent", "", "ses"): 3,
                ("told", "email", "dropped", "opted_out", ""): 2,
                ("told", "sms", "dropped", "opted_out", ""): 1,
                ("told", "email", "failed", "transient", "ses"): 4,
                ("told", "push", "opened", "", "apns"): 9,
            }
        )
        assert found.accepted == 7
        assert found.told == {"delivered": {"email": 3}, "dropped": {"opted_out": 3}, "failed": {"email · ses": 4}}

    def test_minutes_stand_in_rows_the_most_first_and_nothing_is_nought(self):
        first = board.Minute(accepted=1, told={"dropped": {"expired": 1}}, ways={"push": (10.0, 40.0)})
        second = board.Minute(accepted=2, told={"dropped": {"opted_out": 5}})
        found = board.together(0, {7: first, 8: second})
        assert (found.minutes, found.accepted) == ([7, 8], [1, 2])
        assert list(found.told["dropped"].items()) == [("opted_out", [0, 5]), ("expired", [1, 0])]
        assert (found.p50, found.p95) == ({"push": [10.0, None]}, {"push": [40.0, None]})

    @pytest.mark.parametrize(
        ("took", "share", "about"),
        [([10] * 100, 0.5, 10), ([10] * 90 + [900] * 10, 0.95, 900), ([999_999], 0.5, 300_000)],
    )
    def test_a_quantile_lies_in_the_bucket_it_is_in(self, took: list[int], share: float, about: int):
        counts = Counter(bisect_left(ways.BOUNDS, each) for each in took)
        assert ways.quantile(counts, share) == pytest.approx(about, rel=0.5)

    def test_no_ways_have_no_quantile(self):
        assert ways.quantile({}, 0.95) is None

    def test_broadcasts_and_retries_say_nothing_of_the_way(self, redis):
        minutes.flush()
        redis.flushdb()
        at = now_ms()
        given = [record(now=at - 40), record(now=at - 40, lane="bulk"), record(now=at - 40, attempt=2)]
        ways.note("email", given, at)
        minutes.flush()
        (counts,) = minutes.read([minutes.minute_of(at)]).values()
        assert sum(counts.values()) == 1


@pytest.mark.django_db(transaction=True, databases=DATABASES)
@pytest.mark.usefixtures("servers")
class TestPages:
    @pytest.fixture
    def client(self) -> Client:
        minutes.flush()
        client = Client()
        client.force_login(Staff.objects.create_superuser("olga"))
        return client

    def test_what_the_tracker_hears_is_seen_in_the_minute_it_was_heard(self, client):
        tallies.count([outcome(), outcome("notif_2", status="failed", error="transient")])
        minutes.flush()
        course = json.loads(client.get(f"{CONTROL}board.json?span=15").content)["course"]
        assert len(course["minutes"]) == 15
        assert (sum(course["told"]["delivered"]["email"]), sum(course["told"]["failed"]["email · ses"])) == (1, 1)

    def test_a_repeat_is_not_counted_twice(self, client):
        tracking.track([(outcome(), False), (outcome(), True)], polled_at=now_ms())
        minutes.flush()
        course = json.loads(client.get(f"{CONTROL}board.json").content)["course"]
        assert sum(course["told"]["delivered"]["email"]) == 1

    def test_two_clicks_lead_from_a_spike_to_a_notification_in_it(self, client):
        one = record()
        decided(one)
        id = one.recipients[0].id
        tallies.count([outcome(id, status="failed", error="transient")])
        minutes.flush()
        minute = minutes.minute_of(now_ms())
        listed = client.get(
            f"{CONTROL}minute/", {"minute": minute, "kind": "failed", "bar": "email · ses"}
        ).content.decode()
        story = f"{CONTROL}notification/{id}/"
        assert story in listed
        assert "order_shipped" in client.get(story).content.decode()
        other = client.get(f"{CONTROL}minute/", {"minute": minute, "kind": "dropped"}).content.decode()
        assert story not in other

    def test_an_id_nobody_knows_is_said_to_be_unknown(self, client):
        assert "Nobody knows" in client.get(f"{CONTROL}notification/notif_0/").content.decode()

    def test_the_index_is_the_dashboard(self, client):
        page = client.get("/admin/").content.decode()
        assert 'id="board"' in page
        assert all(
            f'data-plot="{name}"' in page for name in ("flow", "way", "delivered", "dropped", "deferred", "failed")
        )

    def test_how_everything_stands_is_gathered_once_for_all_who_look(self, client, monkeypatch):
        gathered: list[int] = []
        real = board.figures.gather
        monkeypatch.setattr(board.figures, "gather", lambda: gathered.append(1) or real())
        monkeypatch.setattr(board, "_stands", (0.0, {}))
        for _ in range(3):
            stands = json.loads(client.get(f"{CONTROL}board.json").content)["stands"]
        assert (len(gathered), stands["away"]) == (1, {})
        assert {each["account"] for each in stands["breakers"]} == {"apns", "fcm", "ses", "twilio"}
