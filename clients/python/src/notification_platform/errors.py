"""Everything this package raises, as one tree. Branch on the class or on `code`; never on the text.

PlatformError
├── Refused                 the server said no, with problem details (RFC 9457); nothing was taken
│   ├── InvalidRequest 400   `field` names what is wrong
│   ├── Unauthenticated 401
│   ├── Forbidden 403
│   ├── NotFound 404
│   ├── Conflict 409
│   ├── TooLarge 413
│   ├── Unprocessable 422    the idempotency key was used with another body
│   ├── RateLimited 429      with `retry_after`
│   ├── Unavailable 503      with `retry_after`; 502 and 504 of a proxy too
│   └── ServerFault 5xx
├── Unreachable             no whole answer came; what was sent may have been taken
├── BadAnswer               an answer came that isn't one of this API
├── NotInTime               `wait` ended before there was an outcome
├── BadSignature            a webhook that isn't from the platform
└── NotConfigured           no token, or a profile that can't be used
"""

from __future__ import annotations

from typing import Any


class PlatformError(Exception):
    """Root of the tree."""


class Refused(PlatformError):
    """What the server refused, in its own words.

    `code` is the stable word, `field` the JSON path of what is wrong ("data.user_id", "notifications[3].type"),
    `remedy` one sentence on what to do, `retry_after` seconds. `idempotency_key` is the one the request carried:
    repeated under it, nothing is sent twice.
    """

    status: int = 400

    def __init__(
        self,
        detail: str,
        *,
        status: int | None = None,
        code: str = "refused",
        title: str = "",
        field: str | None = None,
        remedy: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status or type(self).status
        self.code = code
        self.title = title
        self.field = field
        self.remedy = remedy
        self.retry_after = retry_after
        self.idempotency_key: str | None = None

    def __str__(self) -> str:
        said = f"{self.detail} ({self.field})" if self.field and f"`{self.field}`" not in self.detail else self.detail
        return f"{said} {self.remedy}" if self.remedy else said


class InvalidRequest(Refused):
    status = 400


class Unauthenticated(Refused):
    status = 401


class Forbidden(Refused):
    status = 403


class NotFound(Refused):
    status = 404


class Conflict(Refused):
    status = 409


class TooLarge(Refused):
    status = 413


class Unprocessable(Refused):
    status = 422


class RateLimited(Refused):
    status = 429


class Unavailable(Refused):
    status = 503


class ServerFault(Refused):
    status = 500


class Unreachable(PlatformError):
    """No whole answer: not connected, cut off, or too slow. `idempotency_key` as in Refused."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.idempotency_key: str | None = None


class BadAnswer(PlatformError):
    """Something answered that doesn't speak this API. `status` is its HTTP status, `body` the first of its bytes."""

    def __init__(self, detail: str, *, status: int = 0, body: bytes = b"") -> None:
        super().__init__(detail)
        self.status = status
        self.body = body
        self.idempotency_key: str | None = None


class NotInTime(PlatformError):
    """No outcome yet; `last` is what was known then (`answers.NotificationStatus`)."""

    def __init__(self, detail: str, last: Any) -> None:
        super().__init__(detail)
        self.last = last


class BadSignature(PlatformError):
    """The webhook's signature, id or time is missing or wrong: don't act on it."""


class NotConfigured(PlatformError):
    """There is nothing to authenticate with, or a file that holds it can't be trusted."""


_KINDS: tuple[type[Refused], ...] = (
    *(InvalidRequest, Unauthenticated, Forbidden, NotFound, Conflict, TooLarge, Unprocessable),
    *(RateLimited, Unavailable, ServerFault),
)
_BY_STATUS: dict[int, type[Refused]] = {kind.status: kind for kind in _KINDS} | {502: Unavailable, 504: Unavailable}
IN_FLIGHT = "idempotency_in_flight"


def of_problem(problem: dict[str, Any], retry_after: float | None = None) -> Refused:
    """The error for problem details (of an answer, or of an item of a batch); `retry_after` is the header's."""
    status = problem.get("status")
    status = status if isinstance(status, int) else 400
    told = {name: value for name in ("code", "title", "field", "remedy") if isinstance(value := problem.get(name), str)}
    wait = problem.get("retry_after")
    if isinstance(wait, int | float) and wait >= 0:
        retry_after = max(float(wait), retry_after or 0.0)
    kind = _BY_STATUS.get(status) or (ServerFault if status >= 500 else Refused)
    detail = str(problem.get("detail") or problem.get("title") or f"refused with {status}")
    return kind(detail, status=status, retry_after=retry_after, **told)


def is_temporary(error: BaseException) -> bool:
    """Whether the same request may succeed a little later. With its idempotency key, repeating it is safe."""
    return isinstance(error, RateLimited | Unavailable | Unreachable) or (
        isinstance(error, Conflict) and error.code == IN_FLIGHT
    )
