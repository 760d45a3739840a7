"""A whole batch as one call: what could be read beside what could not, and the call's own Idempotency-Key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from foundation import errors
from foundation.errors import InvalidRequest, LogUnavailable, RateLimited, Refused, Unavailable
from foundation.identifiers import new_notification_id
from notifications import idempotency
from notifications.accept import Result, accept
from notifications.credentials import TokenFacts
from notifications.keyed import Call
from notifications.payload import flaw_of_text
from notifications.reserving import Ask, State
from notifications.sending import IDEMPOTENCY_KEY_MAX, Accepted, SendRequest

Item = SendRequest | Refused


def checked_key(key: str | None, *, field: str = "Idempotency-Key") -> str | None:
    """A call's Idempotency-Key as it came in `field`. Raises InvalidRequest for an empty, long or unprintable one."""
    if key is not None and (not 0 < len(key) <= IDEMPOTENCY_KEY_MAX or flaw_of_text(key, "Idempotency-Key")):
        raise InvalidRequest(
            f"The Idempotency-Key is empty, over {IDEMPOTENCY_KEY_MAX} characters, or holds control characters.",
            field=field,
            remedy="Use something like a UUID, one for each event.",
        )
    return key


def accept_call(
    items: Sequence[Item], token: TokenFacts, *, now: int, key: str, body: Any, trace: str = ""
) -> list[Result]:
    """`accept_items` once for `key`: a repeat with the same parsed `body` gets the first answer, refusals too.

    Raises Conflict while the first is under way, Unprocessable for another body, and what `accept` raises.
    """
    digest = idempotency.key_digest(token.id, f"call\0{key}")
    ask = Ask(digest, idempotency.body_digest(body), new_notification_id())
    its = idempotency.reserve([ask], now=now)[0]
    if refusal := idempotency.refusal(its, now=now):
        raise refusal
    if its.state is State.ANSWERED and its.answer:
        return _restore(its.answer)
    try:
        call = Call(key, its.notification_id, its.state is State.AGAIN)
        results = accept_items(items, token, now=now, call=call, trace=trace)
    except (LogUnavailable, RateLimited):
        idempotency.release([(ask, its.notification_id)])
        raise
    if any(isinstance(each, Unavailable) for each in results):  # a repeat brings the rest, under the same ids
        idempotency.release([(ask, its.notification_id)])
    else:
        idempotency.answer([(ask, its.notification_id, _keep(results))])
    return results


def accept_items(
    items: Sequence[Item], token: TokenFacts, *, now: int, call: Call | None = None, trace: str = ""
) -> list[Result]:
    """A result for each item, in order; what could not be read keeps its refusal. Raises what `accept` raises."""
    readable = [item for item in items if isinstance(item, SendRequest)]
    results = iter(accept(readable, token, now=now, call=call, trace=trace))
    return [next(results) if isinstance(item, SendRequest) else item for item in items]


class _Refusal(msgspec.Struct, frozen=True):
    kind: str
    detail: str
    code: str
    field: str | None
    remedy: str | None


def _keep(results: Sequence[Result]) -> str:
    return msgspec.json.encode([each if isinstance(each, Accepted) else _as_kept(each) for each in results]).decode()


def _as_kept(refusal: Refused) -> _Refusal:
    return _Refusal(type(refusal).__name__, refusal.detail, refusal.code, refusal.field, refusal.remedy)


def _restore(text: str) -> list[Result]:
    return [_restored(row) for row in msgspec.json.decode(text)]


def _restored(row: dict[str, Any]) -> Result:
    if "notification_id" in row:
        return msgspec.convert(row, Accepted)
    kept = msgspec.convert(row, _Refusal)
    kind: type[Refused] = getattr(errors, kept.kind)
    return kind(kept.detail, code=kept.code, field=kept.field, remedy=kept.remedy)
