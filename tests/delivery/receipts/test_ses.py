"""SES' events through SNS: proven, durable, and each status what its event means."""

from __future__ import annotations

import pytest
from django.test import Client

from delivery import tracking
from delivery.receipts import ses
from foundation.clock import now_ms, to_rfc3339
from foundation.errors import LogUnavailable
from notifications import status as words
from notifications.log import get_log
from notifications.store import get_store
from preferences.models import Suppression, SuppressionChange, User
from preferences.profiles import profiles
from tests.delivery.receipts.conftest import EMAIL, Sent
from tests.delivery.receipts.conftest import post_sns as post
from tests.delivery.receipts.events import bounce, event
from tests.simulators.sns import Sns

pytestmark = [pytest.mark.django_db(databases=["default", "store"]), pytest.mark.usefixtures("emptied")]

MEANINGS = [
    ("Send", "sent"),
    ("Delivery", "delivered"),
    ("Open", "opened"),
    ("Click", "clicked"),
    ("Reject", "bounced"),
    ("Rendering Failure", "bounced"),
    ("Complaint", "complained"),
    ("DeliveryDelay", None),
    ("Something New", None),
]


@pytest.mark.parametrize(("kind", "status"), MEANINGS)
def test_each_event_is_the_receipt_it_means(kind, status, client: Client, sns: Sns, told, mail: Sent):
    assert post(client, sns.envelope(event(kind, mail))).status_code == 200
    assert [(one.id, one.user, one.send, one.channel, one.status) for one in told()] == (
        [(mail.id, mail.user, mail.send, "email", status)] if status else []
    )


def test_the_older_notifications_and_tags_instead_of_headers_are_read_as_well(client, sns: Sns, told, mail):
    older = event("Delivery", mail, tags=True)
    older["notificationType"] = older.pop("eventType")
    assert post(client, sns.envelope(older)).status_code == 200
    assert [one.status for one in told()] == ["delivered"]


def test_tags_tell_whose_it_is_where_a_header_was_cut_off(client, sns: Sns, told, mail):
    cut = event("Delivery", mail, tags=True)
    cut["mail"]["headers"] = [{"name": "X-Metadata", "value": f'{{"notification_id": "{mail.id}", "sen'}]
    assert post(client, sns.envelope(cut)).status_code == 200
    assert [one.send for one in told()] == [mail.send]


def test_a_mail_that_is_not_ours_is_nobodys(client, sns: Sns, told, mail):
    foreign = event("Delivery", mail)
    foreign["mail"]["headers"] = [{"name": "X-Metadata", "value": '{"order": 7}'}]
    assert post(client, sns.envelope(foreign)).status_code == 200
    assert (
        post(client, sns.envelope("Successfully validated SNS topic for Amazon SES event publishing.")).status_code
        == 200
    )
    assert told() == []


# --- bounces and complaints


def test_a_hard_bounce_is_suppressed_for_good_and_kept_with_its_reason(client, sns: Sns, told, mail):
    assert post(client, sns.envelope(bounce(mail, address="Ada <Ada@Example.com>"))).status_code == 200
    [row] = Suppression.objects.all()
    assert (row.address, row.channel, row.reason, row.note) == (EMAIL, "email", "bounce", "Permanent/General")
    [change] = SuppressionChange.objects.all()
    assert (change.action, change.by) == ("added", "ses")
    assert [(one.status, one.detail) for one in told()] == [("bounced", "Permanent/General")]


@pytest.mark.parametrize("given", ["ada@bücher.example", "ada@xn--bcher-kva.example"])
def test_a_domain_beyond_ascii_is_suppressed_as_its_owner_wrote_it(given, client, sns: Sns, told, mail):
    User.objects.create(user_id=mail.user, email=given)
    post(client, sns.envelope(bounce(mail, address="ada@xn--bcher-kva.example")))
    assert given in profiles([mail.user])[mail.user].suppressed


def test_a_complaint_is_suppressed_and_one_who_says_it_is_no_spam_is_not(client, sns: Sns, told, mail):
    post(client, sns.envelope(event("Complaint", mail, complaintFeedbackType="not-spam")))
    assert not Suppression.objects.exists()
    post(client, sns.envelope(event("Complaint", mail)))
    assert Suppression.objects.get().reason == "complaint"
    assert [one.status for one in told()] == ["complained"]


def test_soft_bounces_suppress_from_the_nth_within_the_time_on_each_counted_once(
    settings, client, sns: Sns, told, mail
):
    settings.SOFT_BOUNCES = (3, 3_600)
    now = now_ms()

    def bounces(id: str, minutes_ago: int) -> None:
        at = to_rfc3339(now - minutes_ago * 60_000)
        assert post(client, sns.envelope(bounce(mail, "Transient", id=id, at=at))).status_code == 200

    for id, minutes_ago in (("a", 90), ("b", 40), ("b", 40), ("c", 20), ("late", 95)):
        bounces(id, minutes_ago)
    assert not Suppression.objects.exists()  # two within the hour
    bounces("d", 0)
    assert Suppression.objects.get().note == "3 soft bounces"
    assert {one.status for one in told()} == {"bounced"}


# --- durable, idempotent, in any order


def test_a_log_that_is_away_is_503_and_the_same_message_is_kept_when_it_comes_again(
    monkeypatch, client, sns, told, mail
):
    envelope = sns.envelope(bounce(mail))

    def away(messages: object) -> None:
        raise LogUnavailable("no brokers")

    with monkeypatch.context() as patched:
        patched.setattr(get_log(), "produce", away)
        assert post(client, envelope).status_code == 503
    assert told() == []
    assert not Suppression.objects.exists()
    assert post(client, envelope).status_code == 200
    assert len(told()) == 1
    assert Suppression.objects.count() == 1


ORDERS = [
    ["Send", "Delivery", "Open", "Click"],
    ["Click", "Open", "Delivery", "Send"],
    ["Open", "Send", "Click", "Click", "Delivery", "Open", "Send"],
]


@pytest.mark.parametrize("order", ORDERS)
def test_receipts_in_any_order_and_any_number_come_to_the_same_status(order, client, sns: Sns, told, mail):
    for kind in order:
        assert post(client, sns.envelope(event(kind, mail))).status_code == 200
    receipts = told()
    tracking.track([(receipt, False) for receipt in receipts], polled_at=now_ms())
    cells = get_store().cells([(mail.id, "email")])[mail.id, "email"]
    assert words.delivery_status("email", cells, [mail.send]) == "clicked"
    assert sorted(cell.status for cell in cells) == ["clicked", "delivered", "opened", "sent"]


def test_every_event_of_the_table_is_tried_here():
    tried = {kind for kind, status in MEANINGS if status} | {"Bounce"}
    assert tried == set(ses.EVENTS)


def test_another_provider_is_404_and_says_who_there_is(client):
    answer = client.post("/webhooks/sendgrid", b"{}", content_type="application/json")
    assert answer.status_code == 404
    assert answer.json()["remedy"] == "There are ses, twilio."
    assert client.get("/webhooks/ses").status_code == 405
