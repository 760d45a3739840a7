"""One notification, all the way, through the real bridge and stages."""

from __future__ import annotations

import pytest

from delivery.providers.sandbox.models import OutboxMessage
from notifications.store import get_store
from preferences.models import User
from templates_app.models import NotificationType
from tests.pipeline import Pipeline

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


def test_one_event_reaches_every_channel(pipeline: Pipeline, order_shipped: NotificationType, ada: User):
    notification = pipeline.send("order_shipped", "usr_42", data={"order": "A1"})
    pipeline.run()
    page = get_store().inbox_page("usr_42", limit=10)
    assert [(entry.row.id, entry.row.content.body) for entry in page.entries] == [(notification, "A1 left us.")]
    sent = OutboxMessage.objects.filter(notification_id=notification).values_list("channel", "address")
    assert sorted(sent) == [("email", "ada@example.com"), ("push", "token-1"), ("sms", "+4915112345678")]
    cells = get_store().timelines([notification])[notification]
    assert {cell.channel: cell.status for cell in cells if cell.send} == dict.fromkeys(
        ("in_app", "push", "email", "sms"), "sent"
    )
