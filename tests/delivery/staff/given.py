"""What the pages are about: one row of everything, by the name that the paths have for it."""

from __future__ import annotations

from auditlog.models import LogEntry
from django.contrib.auth.models import Group
from django.contrib.auth.models import User as Staff

from delivery import account_settings, controls, letter_jobs
from delivery.models import Alert, DeadLetter, QuarantinedRecord
from delivery.providers.sandbox.models import OutboxMessage
from foundation.clock import now_ms
from notifications.broadcasts.acceptance import keep
from notifications.broadcasts.models import Broadcast
from notifications.credentials import create_token
from preferences import suppression
from preferences.imports import jobs
from preferences.models import Erasure, Segment, StaticList, Suppression, SuppressionChange, User
from preferences.suppression import Entry
from templates_app.models import NotificationType, SharedHtml, TemplateVersion
from templates_app.publish import publish
from templates_app.words import Words
from tests.delivery.test_dead_letters import parked

ADDRESS = "ann@example.com"


def everything() -> dict[str, str]:
    """One row for each page; the rows' keys as they stand in an address."""
    return _written() | _people() | _observed() | _letters() | _access()


def _written() -> dict[str, str]:
    kind = NotificationType.objects.create(name="order_shipped", category="order_updates", channels=["in_app"])
    publish(kind, [Words("in_app", "en", title="Your order", body="It is sent.")])
    other = NotificationType.objects.create(name="old", category="news", channels=["in_app"], example={"a": "b"})
    layout = SharedHtml.objects.create(kind="partial", name="footer", source="<p>Bye</p>")
    now = now_ms()
    row = Broadcast(
        id="bcast_1", segment="everybody", type=kind.name, priority="normal", created_at=now, changed_at=now
    )
    keep(row)
    return {
        "notificationtype": str(kind.pk),
        "without_variables": str(other.pk),
        "templateversion": str(TemplateVersion.objects.get().pk),
        "sharedhtml": str(layout.pk),
        "broadcast": row.pk,
    }


def _people() -> dict[str, str]:
    ann = User.objects.create(user_id="usr_1", email=ADDRESS)
    suppression.add([Entry(ADDRESS, "email", Suppression.Reason.MANUAL, "")], by="ann")
    early = StaticList.objects.create(name="early birds")
    at = ann.created_at
    return {
        "user": str(ann.pk),
        "gone": str(User.objects.create(user_id="usr_gone").pk),
        "segment": str(Segment.objects.create(name="everybody", condition={}).pk),
        "staticlist": str(early.pk),
        "suppression": str(Suppression.objects.get().pk),
        "suppressionchange": str(SuppressionChange.objects.get().pk),
        "peopleimport": _file(early),
        "users_file": _file(None),
        "uploading": str(jobs.upload("more.csv", by="ann").pk),
        "erasure": str(Erasure.objects.create(receipt="er_1", digest="0", by="ann", at=at, gone_by=at).pk),
    }


def _file(to_list: StaticList | None) -> str:
    """A file that waits for its columns."""
    job = jobs.upload("people.csv", by="ann", to_list=to_list)
    jobs.add_part(job, 0, b"user_id\nusr_1\n")
    jobs.finish_upload(job, 1)
    return str(job.pk)


def _observed() -> dict[str, str]:
    account_settings.set_rate("ses", 7, why="a test", by="ann")
    controls.hold("type", "old", "draining", why="a test", by="ann")
    outbox = OutboxMessage.objects.create(
        send_id="s_1", notification_id="notif_1", user="usr_1", channel="email", provider="ses", address=ADDRESS,
        type="order_shipped", attempt=1, first_at=1, at=1,
    )  # fmt: skip
    return {
        "accountsetting": "ses",
        "control": str(controls.rows()["type", "old"].pk),
        "alert": Alert.objects.create(identity="a_1", kind="lag", text="Behind", at=1).pk,
        "quarantinedrecord": str(
            QuarantinedRecord.objects.create(topic="t", partition=0, offset=1, raw=b"?", reason="odd", at=1).pk
        ),
        "outboxmessage": str(outbox.pk),
    }


def _letters() -> dict[str, str]:
    parked()
    parked()
    parked(type="other")
    job = letter_jobs.start(
        DeadLetter.objects.filter(type="other"), action="replay", what="a test", rate=1, why="a test", by="ann"
    )
    letter = DeadLetter.objects.filter(type="order_shipped")[0]
    return {
        "deadletter": letter.pk.replace(":", "_3A"),
        "fingerprint": letter.fingerprint,
        "letterjob": str(job.pk),
    }


def _access() -> dict[str, str]:
    _secret, token = create_token(name="shop", scopes=["notifications:send"])
    eve = Staff.objects.create(username="eve", is_staff=True)
    night = Group.objects.create(name="night shift")
    return {
        "servicetoken": str(token.pk),
        "user_of_admin": str(eve.pk),
        "group": str(night.pk),
        "logentry": str(LogEntry.objects.order_by("pk")[0].pk),
    }
