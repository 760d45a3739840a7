"""Conservation in depth: the store is asked for each as well."""

from __future__ import annotations

import pytest

from delivery import tracking
from delivery.audit import audit
from notifications.store import get_store
from notifications.store.port import InboxRow
from notifications.topology import DELIVERY, TOPICS
from templates_app.content import Content
from tests.delivery.on_log import accepted, empty_log, passed, told  # noqa: F401  a fixture among them
from tests.delivery.reports_of import NOW, decision, outcome, verdict

pytestmark = [
    pytest.mark.django_db(databases=["default", "store", "sandbox"]),
    pytest.mark.usefixtures("redis", "empty_log"),
]


def test_in_depth_the_store_is_asked_for_each():
    id = accepted()
    some = [decision(id, verdict("in_app"), verdict("push")), outcome(id, "in_app"), outcome(id, "push")]
    told(*some)
    passed()
    assert audit().clean
    findings = audit(in_depth=True)
    assert {(one.channel, one.what) for one in findings.differing.named} == {
        ("in_app", "the log says sent, the store pending"),
        ("push", "the log says sent, the store pending"),
        ("in_app", "sent, but 0 times in the inbox of u1"),
    }
    tracking.track([(report, False) for report in some], polled_at=NOW)
    row = InboxRow(user="u1", id=id, at=NOW, type="order_shipped", category="order_updates", content=Content())
    get_store().add_inbox([row])
    assert audit(in_depth=True).clean


def test_in_depth_the_tracker_is_given_its_time():
    id = accepted()
    told(decision(id, verdict("push")), outcome(id, "push"))
    passed(*(name for name in TOPICS if name != DELIVERY))
    assert audit(in_depth=True).clean
