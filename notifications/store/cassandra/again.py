"""What a node refused is tried once more on another: every statement of the store is idempotent."""

from __future__ import annotations

from typing import Any

from cassandra.policies import RetryPolicy

Verdict = tuple[int, None]


class OnceMoreElsewhere(RetryPolicy):
    """One more try on the next node, whatever went wrong; then the error goes to the caller."""

    def on_read_timeout(self, query: Any, *args: Any, retry_num: int, **more: Any) -> Verdict:
        return _once(retry_num)

    def on_write_timeout(self, query: Any, *args: Any, retry_num: int, **more: Any) -> Verdict:
        return _once(retry_num)

    def on_unavailable(self, query: Any, *args: Any, retry_num: int, **more: Any) -> Verdict:
        return _once(retry_num)

    def on_request_error(self, query: Any, *args: Any, retry_num: int, **more: Any) -> Verdict:
        return _once(retry_num)


def _once(retry_num: int) -> Verdict:
    return (RetryPolicy.RETRY_NEXT_HOST if retry_num == 0 else RetryPolicy.RETHROW), None
