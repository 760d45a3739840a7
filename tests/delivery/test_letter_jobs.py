"""Dead letters replayed and dropped at a rate: stopped, resumed, undone, and done by whoever comes after a kill."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.test import Client

from delivery import dead_letters, letter_jobs
from delivery.models import DeadLetter, LetterJob
from foundation.clock import now_ms
from foundation.errors import Conflict, InvalidRequest, LogUnavailable
from notifications.log import get_log
from notifications.records import Outcome, Reports, decode
from notifications.topology import DELIVERY, RAW
from preferences.models import User
from tests.delivery.conftest import DATABASES
from tests.delivery.test_dead_letters import parked, since
from tests.delivery.test_roles import somebody

pytestmark = [pytest.mark.django_db(transaction=True, databases=DATABASES), pytest.mark.usefixtures("servers")]
LETTERS = "/admin/delivery/deadletter/"


def begin(count: int = 3, *, action: str = "replay", rate: int = 1_000, **given) -> LetterJob:
    for _ in range(count):
        parked()
    asked = {"what": "a test", "why": "the provider is back", "by": "olga"} | given
    return letter_jobs.start(dead_letters.find(), action=action, rate=rate, **asked)


def ticks(job: LetterJob) -> LetterJob:
    """Ticks with a rate that has had time to fill; the job as it is then."""
    LetterJob.objects.update(pace_until=0)
    letter_jobs.tick()
    job.refresh_from_db()
    return job


def states() -> list[str]:
    return sorted(DeadLetter.objects.values_list("state", flat=True))


class TestPace:
    @pytest.mark.parametrize(
        ("pace_until", "rate", "now", "count"),
        [
            (1_000, 50, 2_000, 50),
            (1_000, 3, 1_100, 0),
            (1_000, 3, 1_400, 1),
            (0, 10, 60_000, 20),
            (0, 1_000, 9_000, 500),
        ],
    )
    def test_so_many_may_go_as_the_rate_allows(self, pace_until, rate, now, count):
        assert letter_jobs.due(pace_until, rate, now)[0] == count

    def test_over_a_minute_of_uneven_ticks_it_is_the_rate(self):
        until, gone = 0, 0
        for now in range(130, 60_000, 130):
            count, until = letter_jobs.due(until, 37, now)
            gone += count
        assert gone == pytest.approx(37 * 60, rel=0.02)


def test_nothing_goes_before_a_tick_and_all_after_it():
    ends = get_log().end_offsets(RAW)
    job = begin(3)
    assert (states(), since(RAW, ends)) == (["queued"] * 3, [])
    done = ticks(job)
    assert (done.state, done.done, done.total, states()) == ("done", 3, 3, ["replayed"] * 3)
    assert len(since(RAW, ends)) == 3


def test_a_tick_lets_go_no_more_than_the_rate():
    job = ticks(begin(5, rate=1))
    assert (job.state, job.done) == ("running", letter_jobs.CATCHES_UP_MS // 1_000)


def test_what_has_not_gone_can_be_undone_and_what_has_stays_gone():
    job = ticks(begin(5, rate=1))
    assert letter_jobs.undo(job) == 3
    assert states() == ["parked"] * 3 + ["replayed"] * 2
    assert ticks(job).done == 2
    assert states() == ["parked"] * 3 + ["replayed"] * 2


def test_stopped_it_waits_and_resumed_it_goes_on():
    job = begin(2)
    letter_jobs.stop(job)
    assert ticks(job).done == 0
    letter_jobs.resume(job)
    assert ticks(job).done == 2


def test_a_turn_that_comes_too_late_is_refused():
    job = ticks(begin(1))
    for turn in (letter_jobs.stop, letter_jobs.resume, letter_jobs.undo):
        with pytest.raises(Conflict, match="Done"):
            turn(job)


def test_who_is_killed_between_sending_and_saying_so_leaves_it_to_the_next(monkeypatch):
    job = begin(2)
    with monkeypatch.context() as killed:
        killed.setattr(letter_jobs, "_send", _killed)
        LetterJob.objects.update(pace_until=0)
        with pytest.raises(KeyboardInterrupt):
            letter_jobs.tick()
    assert states() == ["releasing"] * 2
    assert ticks(job).done == 0, "the lease of the killed one still holds"
    LetterJob.objects.update(lease_until=now_ms() - 1)
    assert (ticks(job).state, states()) == ("done", ["replayed"] * 2)


def _killed(*_):
    raise KeyboardInterrupt


def test_with_the_log_away_nothing_is_lost_and_a_later_tick_sends_it(monkeypatch):
    job = begin(2)
    with monkeypatch.context() as away:
        away.setattr(get_log(), "produce", _log_away)
        with pytest.raises(LogUnavailable):
            ticks(job)
    LetterJob.objects.update(lease_until=now_ms() - 1)
    assert ticks(job).done == 2


def _log_away(*_):
    raise LogUnavailable("a test")


def test_two_who_tick_at_once_send_each_letter_once():
    job = begin(2)
    ends = get_log().end_offsets(RAW)
    LetterJob.objects.update(lease_until=now_ms() + 60_000)
    assert ticks(job).done == 0
    LetterJob.objects.update(lease_until=0)
    ticks(job)
    letter_jobs.tick()
    assert len(since(RAW, ends)) == 2


def test_one_whose_event_nobody_knows_is_parked_again_and_said_so():
    parked(tracked=False)
    job = ticks(letter_jobs.start(dead_letters.find(), action="replay", what="x", rate=9, why="y", by="z"))
    assert (job.state, job.done, job.skipped, states()) == ("done", 0, 1, ["parked"])
    assert "no event" in job.problem


def test_a_drop_tells_the_reason_on_the_timeline():
    ends = get_log().end_offsets(DELIVERY)
    ticks(begin(1, action="drop", why="test orders"))
    told = [report for each in since(DELIVERY, ends) for report in decode(Reports, each.value).reports]
    assert [(each.status, "test orders" in each.detail) for each in told if isinstance(each, Outcome)] == [
        ("dropped", True)
    ]


def test_at_most_so_many_as_were_asked_for():
    assert begin(4, most=3).total == 3
    assert states() == ["parked"] + ["queued"] * 3


@pytest.mark.parametrize("wrong", [{"rate": 0}, {"rate": 100_000}, {"why": " "}])
def test_a_job_without_a_rate_or_a_reason_is_refused(wrong):
    with pytest.raises(InvalidRequest):
        begin(1, **wrong)


def test_those_that_fail_alike_are_one_group_whoever_they_are_for():
    parked()
    parked()
    parked("permanent_message")
    parked(channel="sms")
    groups = dead_letters.alike()
    first = groups[0]
    assert (first["error"], first["channel"], first["count"], first["users"]) == ("transient", "email", 2, 1)
    assert len(groups) == 3
    assert groups[0]["oldest"] <= groups[0]["newest"]


class TestPages:
    @pytest.fixture
    def operator(self) -> Client:
        return somebody("operator")

    def test_a_group_is_replayed_from_the_workbench_with_progress_and_undo(self, operator):
        for _ in range(3):
            parked()
        letter = DeadLetter.objects.first()
        page = operator.get(f"{LETTERS}workbench/").content.decode()
        address = f"{LETTERS}workbench/{letter.fingerprint}/replay/"
        assert address in page
        assert "why" in operator.post(address, {"most": "10", "rate": "1", "why": ""}).content.decode()
        assert LetterJob.objects.count() == 0
        page = operator.post(address, {"most": "10", "rate": "1", "why": "SES is back"}, follow=True).content.decode()
        job = ticks(LetterJob.objects.get())
        assert ("Undo" in page, job.by, job.why) == (True, "operator", "SES is back")
        progress = operator.get(f"/admin/delivery/letterjob/{job.pk}/progress.json").json()
        assert (progress["done"], progress["total"], progress["left"]) == (2, 3, 1)
        operator.post(f"/admin/delivery/letterjob/{job.pk}/undo/")
        assert states() == ["parked", "replayed", "replayed"]

    def test_chosen_ones_are_replayed_from_the_list(self, operator):
        parked()
        parked()
        chosen = {"action": "replay", "_selected_action": [DeadLetter.objects.first().pk]}
        assert "1 parked" in operator.post(LETTERS, chosen).content.decode()
        operator.post(LETTERS, {**chosen, "most": "5", "rate": "5", "why": "a test"})
        assert states() == ["parked", "queued"]

    def test_one_is_looked_at_with_its_whole_story(self):
        parked()
        of_users = ContentType.objects.get_for_model(User)
        Permission.objects.get_or_create(codename="see_addresses", content_type=of_users)
        page = somebody("operator").get(f"{LETTERS}{DeadLetter.objects.get().pk}/change/").content.decode()
        assert "What happened to it" in page
        assert "ann@example.com" in page
        assert "Replay …" in page

    def test_support_sees_it_with_addresses_masked_and_no_way_to_send(self):
        parked()
        support = somebody("support")
        page = support.get(f"{LETTERS}{DeadLetter.objects.get().pk}/change/").content.decode()
        assert "ann@example.com" not in page
        assert "a…@e….com" in page
        assert "/replay/" not in support.get(f"{LETTERS}workbench/").content.decode()
