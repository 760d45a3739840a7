"""SES' events through SNS: proven, durable, and each status what its event means."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from delivery import tracking
from delivery.receipts import ses
from foundation.clock import from_rfc3339, now_ms, to_rfc3339
from foundation.errors import LogUnavailable
from notifications import status as words
from notifications.log import get_log
from notifications.store import get_store
from preferences.models import Suppression, SuppressionChange
from tests.delivery.receipts.conftest import EMAIL, Sent
from tests.delivery.receipts.events import WHEN, bounce, event
from tests.simulators.sns import NO_CERTIFICATE, Sns

pytestmark = [pytest.mark.django_db(databases=["default", "store"]), pytest.mark.usefixtures("emptied")]

CERTIFICATE = "/SimpleNotificationService-1.pem"


def post(client: Client, body: Any, **options: Any) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.generic("POST", "/webhooks/ses", raw, content_type="text/plain; charset=UTF-8", **options)


@pytest.fixture
def mail() -> Sent:
    return Sent("email", EMAIL)


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


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("subject", [{}, {"Subject": "Amazon SES Email Event Notification"}])
def test_both_versions_of_the_signature_count_with_a_subject_and_without(
    version, subject, client, sns: Sns, told, mail
):
    assert post(client, sns.envelope(event("Delivery", mail), version=version, **subject)).status_code == 200
    [receipt] = told()
    assert receipt.at == from_rfc3339(WHEN)


def test_the_certificate_is_fetched_once(client, sns: Sns, told, mail):
    for kind in ("Send", "Delivery", "Open"):
        post(client, sns.envelope(event(kind, mail)))
    assert sns.requests == [CERTIFICATE]
    assert len(told()) == 3


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


# --- what is not SNS' own


def tampered(sns: Sns, mail: Sent, **fields: Any) -> dict[str, Any]:
    return sns.envelope(event("Delivery", mail)) | fields


REFUSED = {
    "another message under its signature": lambda sns, mail: tampered(sns, mail, Message="{}"),
    "a signature that is none": lambda sns, mail: tampered(sns, mail, Signature="bm9uZQ=="),
    "a signature that isn't base64": lambda sns, mail: tampered(sns, mail, Signature="é"),
    "another version than it was signed by": lambda sns, mail: tampered(sns, mail, SignatureVersion="1"),
    "a version nobody knows": lambda sns, mail: tampered(sns, mail, SignatureVersion="3"),
    "a certificate from elsewhere": lambda sns, mail: tampered(sns, mail, SigningCertURL="https://evil.example/a.pem"),
    "a certificate without TLS": lambda sns, mail: tampered(
        sns, mail, SigningCertURL=sns.url(CERTIFICATE).replace("https", "http")
    ),
    "a certificate behind a name": lambda sns, mail: tampered(
        sns, mail, SigningCertURL=f"https://a@{sns.host}{CERTIFICATE}"
    ),
    "a certificate that isn't there": lambda sns, mail: tampered(
        sns, mail, SigningCertURL=sns.url("/SimpleNotificationService-none.pem")
    ),
    "a file that is no certificate": lambda sns, mail: tampered(sns, mail, SigningCertURL=sns.url(NO_CERTIFICATE)),
    "a certificate that another call of SNS shows": lambda sns, mail: tampered(
        sns, mail, SigningCertURL=sns.url("/?Action=GetEndpointAttributes&is=-1.pem")
    ),
    "a certificate under another path": lambda sns, mail: tampered(sns, mail, SigningCertURL=sns.url("/mine-1.pem")),
    "a certificate with a query": lambda sns, mail: tampered(
        sns, mail, SigningCertURL=sns.url(f"{CERTIFICATE}?is=-1.pem")
    ),
    "a line's end in the URL": lambda sns, mail: tampered(sns, mail, SigningCertURL=sns.url(CERTIFICATE) + "\n"),
    "a tab in the URL": lambda sns, mail: tampered(sns, mail, SigningCertURL=sns.url("/\t" + CERTIFICATE[1:])),
    "no URL at all": lambda sns, mail: tampered(sns, mail, SigningCertURL="https://[::1"),
    "a topic of somebody else": lambda sns, mail: sns.envelope(event("Delivery", mail), TopicArn="arn:aws:sns:x:1:y"),
    "a kind nobody knows": lambda sns, mail: tampered(sns, mail, Type="Advertisement"),
    "a time that is none": lambda sns, mail: sns.envelope(event("Delivery", mail), Timestamp="yesterday"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_forged_is_403_and_changes_nothing(what, client, sns: Sns, told, mail):
    answer = post(client, REFUSED[what](sns, mail))
    assert answer.status_code == 403, answer.content
    assert answer.json()["code"] in ("bad_signature", "unknown_topic")
    assert told() == []
    assert not Suppression.objects.exists()


@pytest.mark.parametrize("late_s", [3_901, -301])
def test_a_replay_by_age_is_403_and_changes_nothing(late_s, client, sns: Sns, told, mail):
    then = to_rfc3339(now_ms() - late_s * 1_000)
    answer = post(client, sns.envelope(bounce(mail), Timestamp=then))
    assert answer.status_code == 403
    assert answer.json()["code"] == "replayed"
    assert told() == []
    assert not Suppression.objects.exists()


def test_a_replay_in_time_is_known_by_its_id(client, sns: Sns, told, mail):
    envelope = sns.envelope(bounce(mail))
    assert post(client, envelope).status_code == 200
    Suppression.objects.all().delete()  # an operator took it off
    assert post(client, envelope).status_code == 200
    assert not Suppression.objects.exists()
    assert len(told()) == 1


MALFORMED = {
    "not UTF-8": (b'{"Type": "\xff"}', 400),
    "not JSON": (b"Type=Notification", 400),
    "no envelope": (b'{"Type": "Notification"}', 400),
    "a list": (b"[]", 400),
    "nothing": (b"", 400),
    "nested too deeply": (b'{"Type":' + b"[" * 5_000 + b"]" * 5_000 + b"}", 400),
    "huge": (b'{"Type": "' + b"x" * 600_000 + b'"}', 413),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_what_cannot_be_read_says_so_and_changes_nothing(what, client, sns: Sns, told):
    body, status = MALFORMED[what]
    answer = post(client, body)
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert told() == []
    assert sns.requests == []


def test_only_hosts_of_sns_count_where_nothing_else_is_set(settings, client, sns: Sns, told, mail):
    settings.SNS_HOSTS = []
    for host in (
        sns.host,
        "sns.eu-central-1.amazonaws.com.evil.example",
        "s3.amazonaws.com",
        "sns.x.amazonaws.com:8443",
    ):
        answer = post(client, tampered(sns, mail, SigningCertURL=f"https://{host}{CERTIFICATE}"))
        assert (answer.status_code, answer.json()["field"]) == (403, "SigningCertURL")
    assert told() == []


def test_a_certificate_that_cannot_be_fetched_now_is_asked_for_again(settings, client, sns: Sns, told, mail):
    settings.SNS_HOSTS = ["127.0.0.1:9"]
    answer = post(client, tampered(sns, mail, SigningCertURL=f"https://127.0.0.1:9{CERTIFICATE}"))
    assert answer.status_code == 503
    assert answer["Retry-After"]


# --- subscriptions


def test_a_subscription_to_our_topic_is_confirmed(client, sns: Sns):
    assert post(client, sns.envelope("You have chosen …", kind="SubscriptionConfirmation")).status_code == 200
    assert sns.requests[-1] == "/?Action=ConfirmSubscription&Token=t0ken"


def test_a_subscription_is_confirmed_at_sns_alone_and_for_our_topics_alone(client, sns: Sns):
    elsewhere = sns.envelope("…", kind="SubscriptionConfirmation", SubscribeURL="https://evil.example/?Action=Confirm")
    another = sns.envelope("…", kind="SubscriptionConfirmation", TopicArn="arn:aws:sns:eu-central-1:1:theirs")
    assert [post(client, each).status_code for each in (elsewhere, another)] == [403, 403]
    assert sns.requests == [CERTIFICATE]


def test_the_end_of_a_subscription_is_taken_note_of_and_not_undone(client, sns: Sns):
    assert post(client, sns.envelope("…", kind="UnsubscribeConfirmation")).status_code == 200
    assert sns.requests == [CERTIFICATE]


# --- bounces and complaints


def test_a_hard_bounce_is_suppressed_for_good_and_kept_with_its_reason(client, sns: Sns, told, mail):
    assert post(client, sns.envelope(bounce(mail, address="Ada <Ada@Example.com>"))).status_code == 200
    [row] = Suppression.objects.all()
    assert (row.address, row.channel, row.reason, row.note) == (EMAIL, "email", "bounce", "Permanent/General")
    [change] = SuppressionChange.objects.all()
    assert (change.action, change.by) == ("added", "ses")
    assert [(one.status, one.detail) for one in told()] == [("bounced", "Permanent/General")]


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
