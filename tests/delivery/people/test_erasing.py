"""Erasing a user: everywhere at once, honoured by routing and replay, gone by the day the receipt names."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.utils import timezone

from delivery import housekeeping, scheduling
from delivery.models import DeadLetter, QuarantinedRecord
from delivery.people import erasing
from delivery.providers.sandbox.models import OutboxMessage
from foundation.clock import now_ms, to_rfc3339
from foundation.errors import Conflict, StoreUnavailable
from foundation.redis import get_redis
from notifications.due.models import DueRow
from notifications.records import Event, Recipient, decode, encode
from notifications.store import get_store
from notifications.topology import LANES
from preferences import erasure
from preferences.models import DeliverySummary, Device, Erasure, Suppression, User
from preferences.registry import put_user
from tests.pipeline import Pipeline
from tests.whole.conftest import make_type, make_user, pipeline, worker  # noqa: F401  fixtures
from tests.whole.looking import assert_accounted_for, channels, inbox, outbox

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

ANN = "usr_ann_secret_id"
EMAIL = "ann@example.com"


@pytest.fixture
def ann(pipeline: Pipeline) -> str:  # noqa: F811
    make_type("order_shipped", channels=["in_app", "push", "email", "sms"], priority="high")
    make_user(ANN, email=EMAIL, phone="+4915112345678", token="token-ann", attributes={"name": "Ann"})
    return ANN


def keys_naming(user: str) -> list[str]:
    """Keys of Redis with the user in their name; the mark of a dropped profile lives for two minutes."""
    client: Any = get_redis()
    names = [name.decode() for name in client.scan_iter(f"*{user}*")]
    return [name for name in names if "profile-drop:" not in name]


def test_what_is_stored_goes_at_once_and_the_receipt_says_what_and_until_when(pipeline: Pipeline, ann: str):  # noqa: F811
    id = pipeline.send("order_shipped", ann, data={"order": "A1"})
    pipeline.run()
    assert inbox(ann) == [id]
    assert set(outbox(id)) == {EMAIL, "+4915112345678", "token-ann"}
    assert DeliverySummary.objects.filter(user=ann).exists()
    Suppression.objects.create(address=EMAIL, channel="email", reason="bounce")

    receipt = erasing.erase(ann, by="tess", note="ticket 7")

    assert inbox(ann) == []
    assert get_store().user_timeline(ann, limit=10) == []
    assert get_store().timelines([id]) == {}
    assert not OutboxMessage.objects.filter(user=ann).exists()
    assert not Device.objects.exists()
    assert not DeliverySummary.objects.exists()
    left = User.objects.get(user_id=ann)
    assert (left.email, left.phone, left.attributes) == ("", "", {})
    assert keys_naming(ann) == []
    assert receipt.outstanding == []
    assert receipt.removed["inbox and timeline"] == 1
    assert receipt.removed["devices"] == 1
    assert receipt.kept == {"suppressions": 1}
    assert receipt.gone_by - receipt.at == erasure.gone_by_now()


def test_what_comes_afterwards_is_dropped_as_erased_and_its_data_not_stored(pipeline: Pipeline, ann: str):  # noqa: F811
    erasing.erase(ann, by="tess")

    id = pipeline.send("order_shipped", ann, data={"order": "SECRET-A1"})
    pipeline.run()

    assert set(channels(id).values()) == {("dropped", "erased")}
    assert inbox(ann) == []
    decision = get_store().details([id])[id][0].decision
    assert b"SECRET" not in encode(decision.event)
    with pytest.raises(Conflict, match="erased"):
        put_user(ann, {"email": "again@example.com"})
    assert_accounted_for()


def test_what_waits_is_decided_now_and_dropped(pipeline: Pipeline, ann: str):  # noqa: F811
    id = pipeline.send("order_shipped", ann, data={"order": "A1"}, schedule_at=to_rfc3339(now_ms() + 86_400_000 * 300))
    pipeline.run()
    assert DueRow.objects.get(notification_id=id).state == "waiting"

    erasing.erase(ann, by="tess")
    scheduling.release(LANES)
    pipeline.run()

    assert {reason for _, reason in channels(id).values()} == {"erased"}
    assert_accounted_for()


def test_a_replay_leaves_the_erased_out(pipeline: Pipeline, ann: str):  # noqa: F811
    make_user("usr_ben")
    for user in (ann, "usr_ben"):
        pipeline.send("order_shipped", user, data={"order": "A1"})
    pipeline.run()
    erasing.erase(ann, by="tess")
    out = StringIO()

    call_command("replay", "--topic", "in_app", "--from", "0", "--yes", stdout=out)
    pipeline.run()

    assert "1 records replayed, 1 notifications" in out.getvalue()
    assert inbox(ann) == []


def test_parked_and_quarantined_go_too_and_others_in_the_same_record_stay(pipeline: Pipeline, ann: str):  # noqa: F811
    event = Event(
        lane="bulk",
        priority="low",
        recipients=[Recipient("notif_1", ann), Recipient("notif_2", "usr_ben")],
        type="order_shipped",
        data={},
        now=1,
        accepted_at=1,
    )
    places = {"topic": "notifications.bulk", "partition": 0, "reason": "x", "at": now_ms()}
    QuarantinedRecord.objects.create(offset=1, raw=encode(event), **places)
    QuarantinedRecord.objects.create(offset=2, raw=b'{"broken": "' + ann.encode() + b'"', **places)

    erasing.erase(ann, by="tess")

    (kept,) = QuarantinedRecord.objects.all()
    assert [each.user for each in decode(Event, bytes(kept.raw)).recipients] == ["usr_ben"]
    assert not DeadLetter.objects.exists()


def test_a_place_that_is_away_stays_outstanding_and_is_gone_on_with(pipeline: Pipeline, ann: str, monkeypatch):  # noqa: F811
    pipeline.send("order_shipped", ann, data={"order": "A1"})
    pipeline.run()

    def away(user: str) -> int:
        raise StoreUnavailable("away")

    with monkeypatch.context() as broken:
        broken.setitem(erasing.PLACES, "inbox and timeline", away)  # type: ignore[arg-type]
        receipt = erasing.erase(ann, by="tess")
    assert receipt.outstanding == ["inbox and timeline"]
    assert inbox(ann) != []

    housekeeping.keep()

    assert inbox(ann) == []
    assert Erasure.objects.get().outstanding == []


def test_at_the_end_nothing_is_left_but_a_receipt_without_the_id(pipeline: Pipeline, ann: str):  # noqa: F811
    receipt = erasing.erase(ann, by="tess")
    id = pipeline.send("order_shipped", ann, data={"order": "A1"})
    pipeline.run()

    with time_machine.travel(receipt.gone_by + timedelta(minutes=1), tick=True):
        erasing.carry_on()

    assert not User.objects.filter(user_id=ann).exists()
    assert get_store().details([id]) == {}
    left = Erasure.objects.get()
    assert ann not in str(vars(left))
    assert left.finished_at is not None
    assert erasure.found(ann) == left
    assert put_user(ann, {})[1], "the id is free again"


def test_asked_again_there_is_one_receipt(pipeline: Pipeline, ann: str):  # noqa: F811
    first = erasing.erase(ann, by="tess")
    again = erasing.erase(ann, by="tom")

    assert again.receipt == first.receipt
    assert Erasure.objects.count() == 1


def test_an_id_nobody_registered_is_erased_too(pipeline: Pipeline, ann: str):  # noqa: F811
    id = pipeline.send("order_shipped", "usr_stranger", data={"order": "A1"})
    pipeline.run()
    assert inbox("usr_stranger") == [id]

    erasing.erase("usr_stranger", by="tess")

    assert inbox("usr_stranger") == []
    assert User.objects.get(user_id="usr_stranger").erased_at is not None
    assert erasure.among({"usr_stranger", ann}) == {"usr_stranger"}
    assert erasure.listed() == {"usr_stranger"}
    assert timezone.now() < Erasure.objects.get().gone_by
