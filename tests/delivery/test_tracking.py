"""The tracker: reports in, cells and decisions in the store, in any order and any number of times."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from delivery import feed, tracking
from foundation.errors import PoisonRecord
from foundation.identifiers import new_notification_id
from notifications import status as words
from notifications.records import Report
from notifications.store import get_store
from tests.delivery.reports_of import NOW, attempting, decision, outcome, receipt, verdict

pytestmark = [pytest.mark.django_db(databases=["default", "store"]), pytest.mark.usefixtures("redis")]


def tracked(*reports: Report, repeat: bool = False) -> None:
    tracking.track([(report, repeat) for report in reports], polled_at=NOW + 50)


def cells(id: str) -> dict[tuple[str, str, int], str]:
    return {(cell.channel, cell.send, cell.attempt): cell.status for cell in get_store().timelines([id]).get(id, [])}


def status(id: str, channel: str) -> str:
    return words.delivery_status(channel, get_store().cells([(id, channel)]).get((id, channel), []))


def test_an_attempt_begun_and_ended_in_one_batch_is_one_cell():
    tracked(decision("n1", verdict("push")), attempting("n1", "push"), outcome("n1", "push"))
    assert cells("n1") == {("push", "push-1", 1): "sent"}
    [kept] = get_store().details(["n1"])["n1"]
    assert kept.decision.event.data == {"order": "A-17"}


def test_drops_and_deferrals_are_cells_with_their_reason_in_words():
    tracked(
        decision(
            "n2",
            verdict("sms", "drop", reason="opted_out", setting="preference default/sms"),
            verdict("push", "defer", reason="quiet_hours", due=NOW + 9_000),
        )
    )
    assert cells("n2") == {("sms", "", 0): "dropped", ("push", "", 0): "deferred"}
    details = {cell.channel: cell.detail for cell in get_store().timelines(["n2"])["n2"]}
    assert details["sms"] == {"reason": "opted_out", "setting": "preference default/sms"}
    assert details["push"]["due"] == NOW + 9_000


def test_the_stages_a_notification_passed_can_be_timed():
    tracked(outcome("n3", "in_app", stamps={"made": NOW + 20, "polled": NOW + 25}))
    [cell] = get_store().timelines(["n3"])["n3"]
    assert cell.detail["started_at"] == NOW + 30
    assert set(cell.detail["stamps"]) == {"made", "polled", "tracker_polled", "tracked"}


def test_every_attempt_and_every_receipt_stays_on_the_timeline():
    tracked(outcome("n4", "email", "failed", attempt=1, error="transient"), outcome("n4", "email", attempt=2))
    tracked(receipt("n4", "email", "opened"), receipt("n4", "email", "delivered"))
    assert sorted(cells("n4").values()) == ["delivered", "failed", "opened", "sent"]
    assert status("n4", "email") == "opened"


def test_a_status_nobody_knows_is_poison():
    with pytest.raises(PoisonRecord):
        tracked(outcome("n5", "push", "teleported"))


def test_live_pages_hear_of_it_only_while_one_listens(redis):
    pages = redis.pubsub(ignore_subscribe_messages=True)
    pages.subscribe(feed.channel())
    pages.get_message(timeout=5)
    tracked(outcome("n6", "push"))
    feed.listen()
    tracked(decision("n7", verdict("push")), outcome("n7", "push"))
    tracked(outcome("n7", "push"), repeat=True)
    heard = msgspec.json.decode(pages.get_message(timeout=5)["data"])
    assert [(event["kind"], event["id"]) for event in heard] == [("decision", "n7"), ("outcome", "n7")]
    assert pages.get_message() is None


reports_of_one = st.lists(
    st.one_of(
        st.tuples(st.just("attempting"), st.integers(1, 4), st.integers(0, 2 * NOW)),
        st.tuples(st.sampled_from(words.STATUSES), st.integers(0, 4), st.integers(0, 2 * NOW)),
    ),
    min_size=1,
    max_size=8,
)


def report_of(id: str, told: tuple[str, int, int]) -> Report:
    what, attempt, at = told
    if what == "attempting":
        return attempting(id, "email", attempt=attempt, at=at)
    return receipt(id, "email", what, at=at) if attempt == 0 else outcome(id, "email", what, attempt=attempt, at=at)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=reports_of_one, random=st.randoms(use_true_random=False))
def test_clocks_jump_and_receipts_come_late_and_twice_but_a_status_never_goes_back(history, random):
    """Issue 3, §10, last row: through the tracker, on the real store."""
    one, other = new_notification_id(), new_notification_id()
    reached = 0
    for told in history:
        tracked(report_of(one, told))
        now = words.rank("email", status(one, "email"))
        assert now >= reached
        reached = now
    again = history + random.choices(history, k=3)
    random.shuffle(again)
    half = len(again) // 2
    for batch in (again[:half], again[half:]):
        tracked(*(report_of(other, told) for told in batch), repeat=True)
    assert status(other, "email") == status(one, "email")
    assert cells(other) == cells(one)
