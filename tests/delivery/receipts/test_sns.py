"""SNS' envelopes: which are its own, which are forged or replayed, and its subscriptions."""

from __future__ import annotations

from typing import Any

import pytest

from foundation.clock import from_rfc3339, now_ms, to_rfc3339
from preferences.models import Suppression
from tests.delivery.receipts.conftest import Sent
from tests.delivery.receipts.conftest import post_sns as post
from tests.delivery.receipts.events import WHEN, bounce, event
from tests.simulators.sns import NO_CERTIFICATE, Sns

pytestmark = [pytest.mark.django_db(databases=["default", "store"]), pytest.mark.usefixtures("emptied")]
CERTIFICATE = "/SimpleNotificationService-1.pem"


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
