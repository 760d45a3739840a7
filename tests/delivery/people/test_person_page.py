"""A user's page as support meets it: who it is, everything sent or not, and why."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.test import Client

from delivery.people import timeline
from foundation.identifiers import new_notification_id
from notifications.records import ChannelDecision, Decision, Event, Recipient
from notifications.store import get_store
from notifications.store.port import Details
from preferences.models import Device, InvalidAddress, Suppression, User
from templates_app.catalog import get_catalog
from templates_app.models import NotificationType

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.usefixtures("redis")]

NOW = 1_767_614_400_000
USERS = "/admin/preferences/user/"


def staff(*permissions: str) -> Client:
    user = get_user_model().objects.create_user(f"staff-{'-'.join(permissions)}"[:150], is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def support() -> Client:
    return staff("view_user")


@pytest.fixture
def ann() -> User:
    NotificationType.objects.create(name="order_shipped", category="orders", channels=["in_app", "email"])
    get_catalog().forget()
    user = User.objects.create(
        user_id="usr_ann", email="ann@example.com", phone="+4915112345678", attributes={"plan": "pro"}
    )
    Device.objects.create(user=user, token="a-long-push-token", platform="fcm", name="Phone")
    Suppression.objects.create(address="ann@example.com", channel="email", reason="bounce")
    InvalidAddress.objects.create(user=user, channel="sms", address="+4915112345678")
    return user


def sent(user: str, *, at: int = NOW, id: str = "", **verdict: Any) -> str:
    id = id or new_notification_id()
    event = Event(
        lane="standard",
        priority="normal",
        recipients=[Recipient(id, user)],
        type="order_shipped",
        data={},
        now=at,
        accepted_at=at,
    )
    told = ChannelDecision(**{"channel": "email", "verdict": "drop", "reason": "opted_out", "detail": "Off."} | verdict)
    decision = Decision(id=id, user=user, event=event, category="orders", channels=[told], at=at)
    get_store().record([], [Details(decision=decision)])
    return id


def page(client: Client, user: User, rest: str = "") -> str:
    answer = client.get(f"{USERS}{user.pk}/{rest}")
    assert answer.status_code == 200, answer.content.decode()[:500]
    return answer.content.decode()


def test_support_sees_who_it_is_with_addresses_masked_and_what_is_in_the_way(support, ann):
    shown = page(support, ann)

    for words in ("a…@e….com", "…5678", "…oken", "Hard bounce", "dead", "plan", "order_shipped"):
        assert words in shown, words
    for address in ("ann@example.com", "+4915112345678", "a-long-push-token"):
        assert address not in shown, address
    assert "ann@example.com" not in support.get(USERS).content.decode()
    assert "ann@example.com" in page(staff("view_user", "see_addresses"), ann)


def test_who_changes_users_without_seeing_addresses_meets_none_of_them(ann):
    editing = staff("view_user", "change_user", "view_device", "change_device", "view_invalidaddress")
    shown = page(editing, ann, "change/")

    for address in ("ann@example.com", "+4915112345678", "a-long-push-token"):
        assert address not in shown, address


def test_why_it_did_not_arrive_is_one_click_then_beside_today(support, ann):
    id = sent("usr_ann")

    shown = page(support, ann, f"why/?id={id}")

    assert "Decided not to send. Off." in shown
    assert "suppression list" in shown
    assert "changed since" in shown
    assert f"why/?id={id}" in page(support, ann, "timeline/")


def test_another_users_notification_tells_nothing(support, ann):
    assert "No decision is known" in page(support, ann, f"why/?id={sent('usr_ben')}")


def test_ten_thousand_entries_come_page_by_page_each_once_and_in_order(ann):
    """Sized down: what counts is that pages are cut between moments, also where many share one."""
    ids = [sent("usr_ann", at=NOW - (n // 3) * 1_000) for n in range(90)]

    found: list[str] = []
    before: int | None = None
    while True:
        part = timeline.page("usr_ann", before=before)
        assert len(part.entries) <= timeline.PAGE + 3
        found += [entry.id for entry in part.entries]
        before = part.before
        if before is None:
            break

    assert len(found) == len(set(found))
    assert set(found) == set(ids)
    assert "Nothing was sent" in page(staff("view_user"), User.objects.create(user_id="new"), "timeline/")


def test_an_export_holds_all_and_another_users_nothing(ann):
    id = sent("usr_ann")
    sent("usr_ben")
    exporter = staff("view_user", "export_user")

    answer = exporter.get(f"{USERS}{ann.pk}/export/")

    told = json.loads(b"".join(answer.streaming_content))
    assert told["user"]["email"] == "ann@example.com"
    assert told["devices"][0]["token"] == "a-long-push-token"
    assert [each["notification_id"] for each in told["notifications"]] == [id]
    assert told["suppressions"][0]["reason"] == "bounce"
    assert "attachment" in answer["Content-Disposition"]


@pytest.mark.parametrize("act", ["export/", "erase/"])
def test_what_one_may_not_is_refused(support, ann, act):
    assert support.get(f"{USERS}{ann.pk}/{act}").status_code == 403
    assert support.post(f"{USERS}{ann.pk}/delete/", {"post": "yes"}).status_code == 403


def test_an_erasure_asks_for_the_id_says_what_happens_and_gives_a_receipt(ann):
    eraser = staff("view_user", "erase_user", "view_erasure")
    assert "can't be undone" in page(eraser, ann, "erase/")

    wrong = eraser.post(f"{USERS}{ann.pk}/erase/", {"typed": "usr_ben"}).content.decode()
    assert "Nothing was erased" in wrong
    assert User.objects.get(pk=ann.pk).erased_at is None

    receipt = eraser.post(f"{USERS}{ann.pk}/erase/", {"typed": "usr_ann", "note": "ticket 7"}).content.decode()
    assert "Nothing is left by" in receipt
    assert "1 on the suppression list" in receipt
    assert "Nothing is sent to this id" in page(eraser, ann)
    assert "ticket 7" in eraser.get("/admin/preferences/erasure/?q=usr_ann").content.decode()
    assert "ticket 7" not in eraser.get("/admin/preferences/erasure/?q=usr_ben").content.decode()


def test_commands_do_the_same(ann, tmp_path: Path):
    people = tmp_path / "people.csv"
    people.write_text("id;email\nben;ben@example.com\ncleo;nonsense\n")
    out, bad = StringIO(), tmp_path / "bad.csv"

    with pytest.raises(SystemExit) as ended:
        call_command("users", "import", str(people), "--bad", str(bad), stdout=out, stderr=StringIO())
    assert ended.value.code == 1
    assert "1 added, 0 changed, 1 not taken" in out.getvalue()
    assert "cleo,nonsense,3," in bad.read_text("utf-8-sig")

    call_command("users", "export", "ben", stdout=out)
    assert '"email":"ben@example.com"' in out.getvalue()
    with pytest.raises(CommandError, match="Nobody has registered"):
        call_command("users", "export", "nobody", stdout=out)

    told = StringIO()
    call_command("users", "erase", "ben", "--yes", stdout=told)
    again = StringIO()
    call_command("users", "receipt", "ben", stdout=again)
    assert json.loads(told.getvalue())["receipt"] == json.loads(again.getvalue())["receipt"]
