"""A push that was opened: told by the user's own app, kept as a receipt of the push."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from delivery import tracking
from foundation.clock import now_ms
from foundation.identifiers import new_notification_id, send_id
from notifications import status as words
from notifications.log import get_log
from notifications.records import Receipt
from notifications.store import get_store
from notifications.topology import DELIVERY
from tests.channels_app.inbox_calls import App, deliver, reported
from tests.delivery.reports_of import decision, verdict
from tests.engines import own_log
from tests.notifications.store.rows import new_user

pytestmark = pytest.mark.django_db(databases=["store", "default"])


@pytest.fixture(autouse=True)
def _servers(redis: Any, settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.LOG_OPTIONS = own_log(settings.LOG_OPTIONS, tmp_path / "log")
    get_log.cache_clear()
    get_log().create_topics({DELIVERY: 2})
    yield
    get_log().close()
    get_log.cache_clear()


@pytest.fixture
def app() -> App:
    return App(new_user())


def push_to(user: str, id: str = "", *tokens: str) -> tuple[str, list[str]]:
    """A notification decided to go to the user's devices: its id and the sends."""
    id = id or new_notification_id()
    sends = [send_id(id, "push", token) for token in tokens or ("token-1", "token-2")]
    tracking.track([(decision(id, verdict("push", sends=sends), user=user), False)], polled_at=now_ms())
    return id, sends


def status(id: str, sends: list[str]) -> str:
    tracking.track([(report, False) for report in reported()], polled_at=now_ms())
    return words.delivery_status("push", get_store().cells([(id, "push")]).get((id, "push"), []), sends)


def test_it_is_a_receipt_of_the_push_alone_and_the_delivery_was_opened(app: App) -> None:
    id, sends = push_to(app.user)
    answer = app.post(f"/{id}/opened?via=push")
    assert (answer.status_code, answer.json()["notification"]) == (200, None)
    [receipt] = reported()
    assert isinstance(receipt, Receipt)
    assert (receipt.channel, receipt.status, receipt.user, receipt.send) == ("push", "opened", app.user, "")
    assert status(id, sends) == "opened"


def test_what_is_in_the_inbox_too_is_opened_there_as_well(app: App) -> None:
    [id] = deliver(app.user)
    _, sends = push_to(app.user, id)
    answer = app.post(f"/{id}/opened?via=push&send={sends[1]}")
    assert answer.json()["notification"]["opened"] is True
    assert {(one.channel, one.status, one.send) for one in reported()} == {  # type: ignore[union-attr]
        ("push", "opened", sends[1]),
        ("in_app", "read", ""),
    }


def test_opened_in_the_inbox_says_nothing_of_a_push(app: App) -> None:
    [id] = deliver(app.user)
    push_to(app.user, id)
    assert app.post(f"/{id}/opened").status_code == 200
    assert [one.channel for one in reported()] == ["in_app"]  # type: ignore[union-attr]


def test_nobody_opens_what_was_not_pushed_to_them(app: App) -> None:
    theirs, sends = push_to(new_user())
    mine, _ = push_to(app.user)
    for path in (f"/{theirs}/opened", f"/{new_notification_id()}/opened"):
        assert app.post(f"{path}?via=push").status_code == 404
    assert app.post(f"/{mine}/opened?via=push&send={sends[0]}").status_code == 404
    assert reported() == []


@pytest.mark.parametrize("rest", ["read?via=push", "opened?via=email", "opened?via="])
def test_a_query_that_makes_no_sense_is_400(rest: str, app: App) -> None:
    id, _ = push_to(app.user)
    answer = app.post(f"/{id}/{rest}")
    assert (answer.status_code, answer.json()["field"]) == (400, "via")
    assert reported() == []
