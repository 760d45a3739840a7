"""Posts that come at the same time share one acceptance; each gets its own answer, and errors reach all."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from foundation.errors import LogUnavailable
from notifications import together
from notifications.sending import Accepted
from tests.notifications.accepting import RAISER, SENDER, a_request

POSTS = 24


class Gate:
    """Stands in the way of the first acceptance until the others have gathered behind it."""

    def __init__(self, gather: int) -> None:
        self.calls: list[list[str]] = []
        self._gather = gather

    def __call__(self, requests: Any, token: Any, *, now: int, traces: Any = ()) -> list[Accepted]:
        users = [request.target.user_id for request in requests]
        self.calls.append(users)
        if len(self.calls) == 1:
            self._wait(token)
        return [Accepted(f"notif of {user}", "accepted", []) for user in users]

    def _wait(self, token: Any) -> None:
        tick = threading.Event()
        while len(together._gathered[token]) < self._gather:
            tick.wait(0.001)


def post_all(token=SENDER) -> list[Accepted]:
    with ThreadPoolExecutor(POSTS) as pool:
        return list(pool.map(lambda n: together.accept_one(a_request(f"u{n}"), token), range(POSTS)))


def test_those_that_come_meanwhile_are_accepted_in_one_go(monkeypatch):
    gate = Gate(gather=POSTS - 1)
    monkeypatch.setattr(together, "accept_charged", gate)
    answers = post_all()
    assert [answer.notification_id for answer in answers] == [f"notif of u{n}" for n in range(POSTS)]
    assert [len(call) for call in gate.calls] == [1, POSTS - 1]
    assert together._gathered == {}


def test_an_error_reaches_every_one_of_them_and_the_next_is_fresh(monkeypatch):
    def away(requests, token, *, now, traces):
        raise LogUnavailable("away")

    monkeypatch.setattr(together, "accept_charged", away)
    with ThreadPoolExecutor(POSTS) as pool:
        posts = [pool.submit(together.accept_one, a_request(), SENDER) for _ in range(POSTS)]
    assert all(isinstance(post.exception(), LogUnavailable) for post in posts)
    assert together._gathered == {}


def test_tokens_dont_wait_for_each_other(monkeypatch):
    inside = threading.Barrier(2, timeout=5)  # broken unless both tokens are being accepted at once

    def meet(requests, token, *, now, traces):
        inside.wait()
        return [Accepted("notif", "accepted", []) for _ in requests]

    monkeypatch.setattr(together, "accept_charged", meet)
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(together.accept_one, a_request(), token) for token in (SENDER, RAISER)]
    assert [one.result().status for one in both] == ["accepted", "accepted"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("fresh_process", "empty_log")
def test_each_of_many_real_posts_is_on_the_log_once():
    from tests.notifications.accepting import make_type, written

    make_type()
    answers = post_all()
    by_user = {event.recipients[0].user: event.recipients[0].id for _, event, _ in written()}
    assert [by_user[f"u{n}"] for n in range(POSTS)] == [answer.notification_id for answer in answers]
    assert len(written()) == POSTS
