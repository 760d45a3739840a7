"""Dead letters in an operator's hands: found, grouped, edited, replayed, dropped; by command line and admin."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import User as Staff
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from delivery import dead_letters, letter_jobs, quarantine, scheduling
from delivery.models import DeadLetter, LetterJob, QuarantinedRecord
from foundation.clock import now_ms
from notifications.log import get_log
from notifications.records import HEADER_REPEAT, ChannelRecord, Event, Outcome, Reports, decode
from notifications.topology import DELIVERY, RAW
from tests.delivery.channel_records import failure, record
from tests.delivery.conftest import DATABASES
from tests.delivery.test_scheduling import decided

pytestmark = [pytest.mark.django_db(transaction=True, databases=DATABASES), pytest.mark.usefixtures("servers")]


def parked(error="transient", *, tracked=True, **fields) -> ChannelRecord:
    """A delivery that has come to rest as a dead letter."""
    one = record(**{"attempt": 4, **fields})
    if tracked:
        decided(one)
    scheduling.schedule([failure(one, error)], repeat=False, now=now_ms())
    return one


def since(topic: str, ends: dict[int, int]):
    log = get_log()
    return [each for p, end in log.end_offsets(topic).items() for each in log.read(topic, p, ends.get(p, 0), end)]


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("dead_letters", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_they_are_found_by_what_is_given_and_counted_by_error():
    parked()
    parked("permanent_message", type="welcome")
    parked("permanent_message", channel="sms")
    assert dead_letters.find(error="permanent_message").count() == 2
    assert dead_letters.find(type="welcome", channel="email").count() == 1
    assert dead_letters.find(older_than_ms=60_000).count() == 0
    assert dead_letters.find(newer_than_ms=60_000).count() == 3
    groups = dead_letters.grouped(dead_letters.find(), "error")
    assert [(group["error"], group["count"]) for group in groups] == [("permanent_message", 2), ("transient", 1)]


def test_a_replay_goes_through_routing_for_its_channel_alone_marked_as_a_next_attempt():
    one = parked()
    ends = get_log().end_offsets(RAW)
    assert dead_letters.replay(dead_letters.find()).done == 1
    (out,) = since(RAW, ends)
    event = decode(Event, out.value)
    assert out.headers[HEADER_REPEAT] == "1"
    assert (event.only, event.resumed, event.attempt, event.uncounted) == (["email"], "replay", 5, 4)
    assert event.recipients[0].id == one.recipients[0].id
    assert DeadLetter.objects.get().state == "replayed"


def test_what_was_replayed_is_not_replayed_again():
    parked()
    dead_letters.replay(dead_letters.find())
    ends = get_log().end_offsets(RAW)
    assert dead_letters.replay(DeadLetter.objects.all()).done == 0
    assert since(RAW, ends) == []


def test_one_whose_event_nobody_knows_is_skipped_and_said_so():
    parked(tracked=False)
    result = dead_letters.replay(dead_letters.find())
    assert (result.done, len(result.skipped)) == (0, 1)
    assert DeadLetter.objects.get().state == "parked"


def test_a_drop_gives_the_delivery_its_outcome():
    parked()
    ends = get_log().end_offsets(DELIVERY)
    assert dead_letters.drop(dead_letters.find()).done == 1
    (out,) = [report for each in since(DELIVERY, ends) for report in decode(Reports, each.value).reports]
    assert isinstance(out, Outcome)
    assert (out.status, out.reason) == ("dropped", "dropped_by_operator")


def test_what_is_done_is_forgotten_in_time_and_what_is_parked_never():
    parked()
    assert dead_letters.purge(before=now_ms() + 1) == 0
    dead_letters.drop(dead_letters.find())
    assert dead_letters.purge(before=0) == 0
    assert dead_letters.purge(before=now_ms() + 1) == 1


def test_more_than_a_batch_is_done_whole(monkeypatch):
    monkeypatch.setattr(dead_letters, "BATCH", 3)
    for _ in range(8):
        parked()
    seen: list[int] = []
    assert dead_letters.replay(dead_letters.find(), seen.append).done == 8
    assert seen == [3, 6, 8]


class TestCommand:
    def test_list_show_and_groups(self):
        one = parked()
        listed = run("list", "--channel", "email")
        assert one.recipients[0].id in listed
        assert "1 parked" in listed
        assert "transient" in run("list", "--group-by", "error")
        shown = json.loads(run("show", DeadLetter.objects.get().pk))
        assert shown["record"]["recipients"][0]["id"] == one.recipients[0].id

    def test_replay_by_filter_says_first_and_does_then(self):
        parked()
        parked("permanent_message")
        assert "1 would be replayed" in run("replay", "--error", "transient", "--dry-run")
        assert dead_letters.find().count() == 2
        assert "1 replayed" in run("replay", "--error", "transient")
        assert [letter.error for letter in dead_letters.find()] == ["permanent_message"]

    def test_a_replay_can_bring_other_data(self):
        parked()
        ends = get_log().end_offsets(RAW)
        run("replay", "--all", "--data", '{"order": "B-2"}')
        assert decode(Event, since(RAW, ends)[0].value).data == {"order": "B-2"}

    def test_nothing_is_done_without_saying_to_what(self):
        parked()
        with pytest.raises(CommandError, match="say which"):
            run("drop")
        assert "1 dropped" in run("drop", "--all")

    def test_an_age_that_is_none_is_refused(self):
        with pytest.raises(CommandError, match="is no age"):
            run("list", "--older", "yesterday")


class TestQuarantine:
    def test_bytes_are_kept_once_and_can_go_back_under_their_key(self):
        from notifications.records import encode

        one = record()
        quarantine.put("notifications.email", [(3, 17, encode(one), {})], "killed two workers")
        quarantine.put("notifications.email", [(3, 17, b"other", {})], "again")
        assert bytes(QuarantinedRecord.objects.get().raw) == encode(one)
        ends = get_log().end_offsets("notifications.email")
        out = StringIO()
        call_command("quarantine", "retry", "--all", stdout=out)
        (back,) = since("notifications.email", ends)
        assert (back.key, back.value, back.headers[HEADER_REPEAT]) == ("usr_1", encode(one), "1")
        assert "1 put back" in out.getvalue()
        assert quarantine.retry(QuarantinedRecord.objects.all()) == 0

    def test_what_nobody_can_read_is_shown_as_it_is(self):
        quarantine.put(RAW, [(0, 1, b"\xff{", {"traceparent": "00-1"})], "not JSON")
        out = StringIO()
        call_command("quarantine", "list", stdout=out)
        assert "not JSON" in out.getvalue()
        call_command("quarantine", "show", str(QuarantinedRecord.objects.get().pk), stdout=out)
        assert "\\xff{" in out.getvalue()


class TestAdmin:
    @pytest.fixture
    def client(self, settings) -> Client:
        Path(settings.STATIC_ROOT).mkdir(exist_ok=True)
        client = Client()
        client.force_login(Staff.objects.create_superuser("olga", "olga@example.com", "secret"))
        return client

    def test_the_workbench_groups_them_and_the_page_shows_the_record(self, client):
        one = parked()
        page = client.get(reverse("admin:workbench")).content.decode()
        assert "transient" in page
        letter = DeadLetter.objects.get()
        page = client.get(reverse("admin:delivery_deadletter_change", args=[letter.pk])).content.decode()
        assert one.recipients[0].id in page

    def test_edited_and_replayed(self, client):
        parked()
        letter = DeadLetter.objects.get()
        change = reverse("admin:delivery_deadletter_change", args=[letter.pk])
        client.post(change, {"edited_data": '{"order": "C-3"}'})
        ends = get_log().end_offsets(RAW)
        asked = {"action": "replay", "_selected_action": [letter.pk], "most": "1", "rate": "500", "why": "a test"}
        client.post(reverse("admin:delivery_deadletter_changelist"), asked)
        LetterJob.objects.update(pace_until=0)
        letter_jobs.tick()
        assert decode(Event, since(RAW, ends)[0].value).data == {"order": "C-3"}

    @pytest.mark.parametrize("model", ["alert", "quarantinedrecord"])
    def test_the_other_lists_open(self, client, model):
        quarantine.put(RAW, [(0, 1, b"{", {})], "not JSON")
        assert client.get(reverse(f"admin:delivery_{model}_changelist")).status_code == 200
        assert client.get(reverse("admin:sandbox_outboxmessage_changelist")).status_code == 200
