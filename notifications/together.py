"""Single posts that come at the same time are accepted together: one look into Redis and one durable write for all.

For each token the first to come leads: it answers its own post and what has gathered when it begins. Whoever comes
meanwhile gathers for the next leader. Nobody waits for company: alone, a post is accepted at once.
"""

from __future__ import annotations

import threading
from collections import deque

from foundation.clock import now_ms
from notifications import rate
from notifications.accept import MAX_ITEMS, Result, accept_charged
from notifications.credentials import TokenFacts
from notifications.sending import Accepted, SendRequest


class _Waiting:
    """A post that waits for its result, or for the lead: its lock is released once, when either comes."""

    __slots__ = ("outcome", "request", "trace", "turn")

    def __init__(self, request: SendRequest, trace: str) -> None:
        self.request = request
        self.trace = trace
        self.outcome: Result | Exception | None = None
        self.turn = threading.Lock()
        self.turn.acquire()


_lock = threading.Lock()
_gathered: dict[TokenFacts, deque[_Waiting]] = {}  # a token is in here while a post of its leads


def accept_one(request: SendRequest, token: TokenFacts, trace: str = "") -> Accepted:
    """Takes one event; what it returns is durable. `trace` is its caller's trace context.

    Raises the Refused that it is told, and what `accept` raises.
    """
    rate.charge(token, 1)
    post = _Waiting(request, trace)
    if not _leads(post, token):
        post.turn.acquire()
    if post.outcome is None:
        _lead(post, token)
    if isinstance(post.outcome, Exception):
        raise post.outcome
    assert post.outcome is not None
    return post.outcome


def _leads(post: _Waiting, token: TokenFacts) -> bool:
    """Whether `post` leads at once; if not it is gathered. A leader's own post is never among the gathered."""
    with _lock:
        if token in _gathered:
            _gathered[token].append(post)
            return False
        _gathered[token] = deque()
        return True


def _lead(own: _Waiting, token: TokenFacts) -> None:
    try:
        _answer(own, _take(token), token)
    finally:
        _hand_on(token)


def _take(token: TokenFacts) -> list[_Waiting]:
    with _lock:
        waiting = _gathered[token]
        return [waiting.popleft() for _ in range(min(len(waiting), MAX_ITEMS - 1))]


def _answer(own: _Waiting, others: list[_Waiting], token: TokenFacts) -> None:
    posts = [own, *others]
    try:
        traces = [post.trace for post in posts]
        results = accept_charged([post.request for post in posts], token, now=now_ms(), traces=traces)
        for post, result in zip(posts, results, strict=True):
            post.outcome = result
    except Exception as error:  # each of them has to hear of it
        for post in posts:
            post.outcome = error
    for post in others:
        post.turn.release()


def _hand_on(token: TokenFacts) -> None:
    with _lock:
        waiting = _gathered[token]
        if waiting:
            waiting.popleft().turn.release()
        else:
            del _gathered[token]
