"""Consumer groups: who owns what, how it changes hands, and what a late one may still do."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

from notifications.log.port import Log, Message, TopicPartition
from tests.notifications.log.conftest import HANDOVER_S, LEASE_S, Engine
from tests.notifications.log.members import Member, settle, until

Join = Callable[..., Member]
HANDOVER_MS = HANDOVER_S * 1000
LEASE_MS = LEASE_S * 1000


def fill(log: Log, count: int = 40) -> None:
    log.produce([Message("some", f"user-{n}", b"x") for n in range(count)])


def let_lease_pass() -> None:
    """The process is stopped for longer than its lease: nothing to await, time itself is the event."""
    time.sleep(LEASE_S + 0.05)


def test_a_lone_member_gets_everything_and_need_not_wait(join: Join) -> None:
    member = join("a").own(4)

    assert set(member.owned) == {TopicPartition("some", p) for p in range(4)}
    assert member.waits() == [0] * 4


def test_members_share_evenly_and_nothing_is_owned_twice(join: Join) -> None:
    members = [join(name, "many") for name in "abc"]

    settle(*members, counts=[6, 5, 5])

    assert len({place for member in members for place in member.owned}) == 16


def test_a_newcomer_gets_its_share_when_it_is_released_and_need_not_wait(join: Join) -> None:
    old = join("a").own(4)
    old.holds = True
    new = join("b")
    until(lambda: new.look() and old.look() and len(old.revoking) == 2, "a is asked to give up two")
    assert new.owned == {}

    old.give_up()

    settle(old, new, counts=[2, 2])
    assert new.waits() == [0, 0]
    assert not old.owned.keys() & new.owned.keys()


def test_what_is_to_be_given_up_is_no_longer_given_out(log: Log, join: Join) -> None:
    old = join("a").own(4)
    old.holds = True
    new = join("b")
    until(lambda: new.look() and old.look() and old.revoking, "a is asked to give up")
    fill(log)
    old.consumer.resume(sorted(old.revoking))

    leaving = {place.partition for place in old.revoking}

    assert leaving.isdisjoint(record.partition for record in old.read())


def test_release_with_work_under_way_makes_the_next_owner_wait(log: Log, join: Join) -> None:
    fill(log)
    old = join("a").own(4).awaits(40)
    old.read()
    settle(old, new := join("b"), counts=[2, 2])

    assert all(HANDOVER_MS - 1_000 < wait <= HANDOVER_MS for wait in new.waits())


def test_leaving_with_everything_committed_is_clean(log: Log, join: Join) -> None:
    fill(log)
    old = join("a").own(4).awaits(40)
    old.commit_read(old.read())
    old.consumer.close()

    assert join("b").own(4).waits() == [0] * 4


def test_leaving_with_work_under_way_is_not(log: Log, join: Join) -> None:
    fill(log)
    old = join("a").own(4).awaits(40)
    old.read()
    old.consumer.close()

    assert all(0 < wait <= HANDOVER_MS for wait in join("b").own(4).waits())


def test_a_dead_member_s_partitions_move_after_its_lease(engine: Engine, join: Join) -> None:
    process = engine.start("own", "some", "dead")
    assert process.stdout is not None
    assert process.stdout.readline() == "4\n"
    heir = join("heir")
    heir.look()
    process.send_signal(signal.SIGKILL)
    died = time.monotonic()

    heir.own(4)

    assert time.monotonic() - died < 2 * LEASE_S + 1
    waits = heir.waits()
    assert all(HANDOVER_MS - LEASE_MS - 500 < wait <= HANDOVER_MS for wait in waits)


def test_a_restarted_member_has_its_partitions_back_at_once_but_waits(engine: Engine, join: Join) -> None:
    process = engine.start("own", "some", "same")
    assert process.stdout is not None
    assert process.stdout.readline() == "4\n"
    process.send_signal(signal.SIGKILL)
    process.wait()

    again = join("same").own(4)

    assert all(HANDOVER_MS - 1_000 < wait <= HANDOVER_MS for wait in again.waits())


def test_the_wait_outlives_an_owner_that_dies_during_it(join: Join) -> None:
    join("a").own(4)
    join("a").own(4).consumer.close()

    assert all(wait > HANDOVER_MS - 1_000 for wait in join("b").own(4).waits())


def test_a_member_that_slept_through_its_lease_knows_it_lost_everything(log: Log, join: Join) -> None:
    fill(log)
    sleeper = join("sleeper").own(4)
    let_lease_pass()

    assert sleeper.read() == []
    changes = sleeper.look()

    assert len(changes.revoked) == 4
    assert changes.assigned == {}
    sleeper.own(4)
    assert all(wait > HANDOVER_MS - LEASE_MS - 500 for wait in sleeper.waits())


def test_a_commit_for_a_partition_that_was_lost_is_ignored(log: Log, join: Join) -> None:
    fill(log)
    sleeper = join("sleeper").own(4).awaits(40)
    late = sleeper.read()
    let_lease_pass()
    heir = join("heir").own(4).awaits(8)
    heir.commit_read(heir.read(8))
    committed = log.committed("readers", "some")

    sleeper.commit_read(late)

    assert log.committed("readers", "some") == committed
    assert sum(committed.values()) == 8
    assert len(sleeper.look().revoked) == 4


def test_an_old_process_of_a_restarted_member_stays_out(log: Log, join: Join) -> None:
    fill(log)
    old = join("same").own(4).awaits(40)
    late = old.read()
    new = join("same").own(4)

    until(lambda: (old.look(), new.look()) and len(old.revoked) == 4, "the old process loses its place")
    old.commit_read(late)
    for _ in range(20):
        old.look()
        new.look()

    assert old.owned == {}
    assert len(new.owned) == 4
    assert sum(log.committed("readers", "some").values()) == 0


def test_members_that_come_and_go_leave_nothing_unread(log: Log, join: Join) -> None:
    fill(log, 400)
    done: set[tuple[int, int]] = set()

    def work(member: Member) -> None:
        member.look()
        records = member.read(7)
        done.update((record.partition, record.offset) for record in records)
        member.commit_read(records)

    members = [join("a"), join("b")]
    for turn in range(12):
        for member in members:
            work(member)
        if turn % 4 == 3:
            members.pop(0).consumer.close()
            members.append(join(f"new-{turn}"))
    until(lambda: [work(member) for member in members] and len(done) == 400, "everything is read")

    assert log.committed("readers", "some") == log.end_offsets("some")
