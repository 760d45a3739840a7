"""How a process meets a Redis that is away: it tries once more at once, then spares itself for a moment.

redis-py tries each command, and within it each connecting, several times with pauses. Where every request asks Redis
a few times and can do without its answer, those pauses add up until all threads of a process sleep through them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock, local
from typing import Any, TypeVar

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

T = TypeVar("T")
SPARED_S = 0.25


class FailFastRetry(Retry):
    """A broken connection is tried anew once. After that everything fails at once for SPARED_S; then one caller tries,
    for at most `probe_s`, while the others still fail at once.

    One object serves all connections of a client: redis-py copies what it is given for each, this one stays itself.
    """

    def __init__(self, *, probe_s: float) -> None:
        # A silent Redis isn't asked twice: the second time would only cost as much again.
        super().__init__(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
        self._probe_s = probe_s
        self._lock = Lock()
        self._thread = local()
        self._spared_until: float | None = None

    def __deepcopy__(self, memo: dict[int, Any]) -> FailFastRetry:
        return self

    def call_with_retry(
        self,
        do: Callable[[], T],
        fail: Callable[..., Any],
        is_retryable: Callable[[Exception], bool] | None = None,
        with_failure_count: bool = False,
    ) -> T:
        """See redis-py's. Raises redis.ConnectionError at once while Redis was away a moment ago."""
        if getattr(self._thread, "inside", False):  # a command's own connecting: the command decides
            return do()
        self._admit()
        self._thread.inside = True
        try:
            value = super().call_with_retry(do, fail, is_retryable, with_failure_count)
        except (redis.ConnectionError, redis.TimeoutError):
            self._spare()
            raise
        except BaseException:  # it answered, if only with an error
            self._spared_until = None
            raise
        finally:
            self._thread.inside = False
        self._spared_until = None
        return value

    def _admit(self) -> None:
        if self._spared_until is None:
            return
        with self._lock:
            now = time.monotonic()
            if self._spared_until is not None and now < self._spared_until:
                raise redis.ConnectionError("Redis was away a moment ago")
            self._spared_until = now + self._probe_s

    def _spare(self) -> None:
        with self._lock:
            self._spared_until = time.monotonic() + SPARED_S
