"""The inbox over REST (contract §2, §6): the brief's answer, pages, filters, read state, refusals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from foundation.clock import now_ms, to_rfc3339
from notifications.credentials import create_token
from notifications.log import get_log
from notifications.records import Content, Receipt
from notifications.topology import DELIVERY
from tests.channels_app.inbox_calls import App, Ear, deliver, reported
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


def refused(answer: Any, status: int, field: str | None = None) -> dict[str, Any]:
    body = answer.json()
    assert (answer.status_code, body["status"], body.get("field")) == (status, status, field)
    assert body["detail"]
    return body


# --- reading


def test_the_page_has_the_briefs_shape(app: App) -> None:
    at = now_ms()
    content = Content(
        title="Your order has shipped!",
        body="Order #ABC123 is on its way via FedEx.",
        action_url="/orders/abc123",
        image="https://cdn.example/shipping.png",
        data={"order": "abc123"},
    )
    [id] = deliver(app.user, content=content, at=at)

    answer = app.get(limit=20)

    assert answer.status_code == 200
    assert answer.json() == {
        "notifications": [
            {
                "id": id,
                "type": "order_shipped",
                "category": "order_updates",
                "title": "Your order has shipped!",
                "body": "Order #ABC123 is on its way via FedEx.",
                "read": False,
                "seen": False,
                "opened": False,
                "archived": False,
                "created_at": to_rfc3339(at),
                "data": {
                    "order": "abc123",
                    "action_url": "/orders/abc123",
                    "image": "https://cdn.example/shipping.png",
                },
            }
        ],
        "unread_count": 1,
        "unseen_count": 1,
        "cursor": None,
    }


def test_an_empty_inbox_is_an_empty_page(app: App) -> None:
    assert app.get().json() == {"notifications": [], "unread_count": 0, "unseen_count": 0, "cursor": None}


def test_cursors_lead_through_the_whole_inbox(app: App) -> None:
    ids = deliver(app.user, 23)

    page = app.get().json()
    seen = [entry["id"] for entry in page["notifications"]]
    assert len(seen) == 20
    while page["cursor"]:
        page = app.get(limit=2, cursor=page["cursor"]).json()
        seen += [entry["id"] for entry in page["notifications"]]

    assert seen == ids[::-1]


def test_filters(app: App) -> None:
    order, read, archived = deliver(app.user, 3)
    [promo] = deliver(app.user, category="promotions")
    app.post(f"/{read}/read")
    app.post(f"/{archived}/archive")

    assert app.ids() == [promo, read, order]
    assert app.ids(unread="true") == [promo, order]
    assert app.ids(category="promotions") == [promo]
    assert app.ids(archived="true") == [archived]
    assert app.ids(unread="true", category="order_updates") == [order]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"cursor": "notif_prev_id"}, "cursor"),
        ({"cursor": ""}, "cursor"),
        ({"unread": "yes"}, "unread"),
        ({"category": "x" * 101}, "category"),
        ({"unraed": "true"}, "unraed"),
        ({"wait": "5"}, "wait"),
        ({"since": "yesterday"}, "since"),
        ({"since": "2026-02-23T14:30:00"}, "since"),
        ({"since": "1", "wait": "61"}, "wait"),
        ({"since": "1", "wait": "nan"}, "wait"),
        ({"since": "1", "cursor": "x"}, "cursor"),
    ],
)
def test_a_bad_query_is_refused_by_name(app: App, query: dict[str, str], field: str) -> None:
    refused(app.get(**query), 400, field)


def test_a_cursor_of_another_inbox_is_refused(app: App) -> None:
    other = App(new_user())
    deliver(other.user, 3)
    cursor = other.get(limit=1).json()["cursor"]

    refused(app.get(cursor=cursor), 400, "cursor")


# --- who may


def test_without_a_token_nothing_is_told(app: App, client: Any) -> None:
    refused(client.get(app.path()), 401)


def test_anothers_inbox_is_forbidden(app: App) -> None:
    other = new_user()
    [id] = deliver(other)

    refused(app.get(of=other), 403)
    refused(app.post(f"/{id}/read", of=other), 403)
    refused(app.post("/read_all", of=other), 403)


def test_anothers_notification_is_not_found_in_ones_own_inbox(app: App) -> None:
    [id] = deliver(new_user())

    refused(app.post(f"/{id}/read"), 404)
    refused(app.post("/notif_none/archive"), 404)


def test_an_unknown_action_is_not_found(app: App) -> None:
    [id] = deliver(app.user)

    assert "unarchive" in refused(app.post(f"/{id}/burn"), 404, "action")["remedy"]


def test_a_service_needs_the_scope_for_users(app: App, client: Any) -> None:
    [id] = deliver(app.user)
    reader, _ = create_token(name="reader", scopes=["users:read"])
    headers = {"Authorization": f"Bearer {reader}"}

    assert client.get(app.path(), headers=headers).status_code == 200
    assert client.post(app.path(f"/{id}/read"), headers=headers).status_code == 403


# --- read state


def test_each_action_and_what_it_implies(app: App) -> None:
    [id] = deliver(app.user)
    # (action, (read, seen, opened, archived), (unread, unseen))
    steps = [
        ("seen", (False, True, False, False), (1, 0)),
        ("read", (True, True, False, False), (0, 0)),
        ("unread", (False, True, False, False), (1, 0)),
        ("opened", (True, True, True, False), (0, 0)),
        ("unread", (False, True, True, False), (1, 0)),
        ("archive", (False, True, True, True), (0, 0)),
        ("unarchive", (False, True, True, False), (1, 0)),
    ]

    for action, parts, counts in steps:
        body = app.post(f"/{id}/{action}").json()
        state = body["notification"]
        assert (state["read"], state["seen"], state["opened"], state["archived"]) == parts, action
        assert (body["unread_count"], body["unseen_count"]) == counts == app.counts(), action


def test_an_action_repeated_changes_nothing(app: App) -> None:
    [id] = deliver(app.user)

    assert app.post(f"/{id}/read").json() == app.post(f"/{id}/read").json()


def test_read_all_and_undoing_it_for_one(app: App) -> None:
    ids = deliver(app.user, 3)

    assert app.post("/read_all").json() == {"unread_count": 0, "unseen_count": 0}
    assert app.ids(unread="true") == []

    app.post(f"/{ids[1]}/unread")
    assert app.ids(unread="true") == [ids[1]]
    assert app.counts() == (1, 0)

    deliver(app.user)
    assert app.counts() == (2, 1)


def test_counts_survive_a_wiped_redis(app: App, redis: Any) -> None:
    first, _ = deliver(app.user, 2)
    app.post(f"/{first}/read")

    redis.flushdb()

    assert app.counts() == (1, 1)


def test_a_read_shows_on_every_open_socket(app: App, redis: Any) -> None:
    ids = deliver(app.user, 2)
    ear = Ear(redis, app.user)

    app.post(f"/{ids[0]}/read")
    app.post("/read_all")

    assert ear.frames(4) == [
        {"type": "read", "ids": [ids[0]], "read": True, "seen": True},
        {"type": "unread_count", "unread": 1, "unseen": 1},
        {"type": "read", "all": True, "read": True, "seen": True},
        {"type": "unread_count", "unread": 0, "unseen": 0},
    ]


def test_a_read_is_reported_for_the_delivery(app: App) -> None:
    opened, seen, rest = deliver(app.user, 3)

    app.post(f"/{opened}/opened")
    app.post(f"/{seen}/seen")
    assert [(type(r), r.id, r.channel, r.status) for r in reported()] == [(Receipt, opened, "in_app", "read")]

    app.post("/read_all")
    assert {report.id for report in reported()} == {opened, seen, rest}


# --- news


def test_news_since_a_time(app: App) -> None:
    before = now_ms()
    ids = deliver(app.user, 2)

    for since in (str(before), to_rfc3339(before)):
        body = app.get(since=since).json()
        assert [entry["id"] for entry in body["notifications"]] == ids
        assert (body["unread_count"], body["unseen_count"], body["complete"]) == (2, 2, True)


def test_going_on_with_the_answers_since_gives_each_once(app: App) -> None:
    since = str(now_ms())
    got: list[str] = []
    given: list[str] = []
    for count in (2, 0, 1, 3, 0):
        given += deliver(app.user, count)
        body = app.get(since=since).json()
        since = body["since"]
        got += [entry["id"] for entry in body["notifications"]]

    assert got == given


def test_more_news_than_one_answer_holds_says_so(app: App) -> None:
    before = now_ms()
    ids = deliver(app.user, 3)

    body = app.get(since=str(before), limit=2).json()

    assert [entry["id"] for entry in body["notifications"]] == ids[:2]
    assert body["complete"] is False
