"""The one tree of errors. Every room raises from it; boundaries map it once (REST: RFC 9457, gRPC: status codes).

PlatformError
├── Refused                      the caller's request was not taken; nothing was written
│   ├── InvalidRequest      400
│   ├── Unauthenticated     401
│   ├── Forbidden           403
│   ├── NotFound            404
│   ├── Conflict            409
│   ├── TooLarge            413
│   ├── Unprocessable       422
│   ├── RateLimited         429  with retry_after
│   └── Unavailable         503  with retry_after
├── Unreachable                  one of our servers is away: wait and try again, nobody's fault
│   ├── LogUnavailable
│   ├── StoreUnavailable
│   ├── ControlPlaneUnavailable  (the SQL database)
│   └── QuarantineFull           too much of a topic was put aside: it stops
├── PoisonRecord                 a record that can't be understood; carries its bytes
├── DeadlinePassed               a batch woke up after its deadline; somebody else does it
├── TemplateError                a template failed; carries name and line
└── ProviderError                what a provider said, mapped at its boundary (contract §5)
    ├── Transient
    ├── ProviderRateLimited      with retry_after
    ├── PermanentForMessage
    ├── PermanentForAddress
    ├── Misconfigured
    └── Ambiguous
"""

from __future__ import annotations


class PlatformError(Exception):
    """Root of the tree."""


class Refused(PlatformError):
    """A request that was not taken.

    `code` is a stable machine-readable word, `field` the JSON path of what is wrong ("data.user_id",
    "notifications[3].type"), `remedy` one sentence saying what to do about it.
    """

    status = 400
    code = "refused"
    title = "Request refused"

    def __init__(
        self,
        detail: str,
        *,
        field: str | None = None,
        remedy: str | None = None,
        code: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field
        self.remedy = remedy
        self.code = code or type(self).code
        self.retry_after = retry_after


class InvalidRequest(Refused):
    status, code, title = 400, "invalid_request", "The request is not valid"


class Unauthenticated(Refused):
    status, code, title = 401, "unauthenticated", "Credentials are missing or not valid"


class Forbidden(Refused):
    status, code, title = 403, "forbidden", "These credentials don't allow this"


class NotFound(Refused):
    status, code, title = 404, "not_found", "There is no such thing here"


class Conflict(Refused):
    status, code, title = 409, "conflict", "That conflicts with what is there"


class TooLarge(Refused):
    status, code, title = 413, "too_large", "The request is too large"


class Unprocessable(Refused):
    status, code, title = 422, "unprocessable", "The request can't be processed"


class RateLimited(Refused):
    status, code, title = 429, "rate_limited", "Too many requests"


class Unavailable(Refused):
    status, code, title = 503, "unavailable", "Not available right now"


class Unreachable(PlatformError):
    """One of our own servers can't be reached; the work waits without losing an attempt (contract §9)."""


class LogUnavailable(Unreachable):
    """The log didn't take or give a record: nothing was accepted."""


class StoreUnavailable(Unreachable):
    """The notification store is away."""


class ControlPlaneUnavailable(Unreachable):
    """The SQL database is away."""


class QuarantineFull(Unreachable):
    """Too many records of a topic were quarantined within a minute: the rest waits on the log."""


class PoisonRecord(PlatformError):
    """A record nobody can read. `raw` holds its bytes for the quarantine (contract §9)."""

    def __init__(self, reason: str, raw: bytes) -> None:
        super().__init__(reason)
        self.reason = reason
        self.raw = raw


class DeadlinePassed(PlatformError):
    """The batch's deadline is over; its bridge sends it again (design.md, "What keeps it exact")."""


class TemplateError(PlatformError):
    """A template could not be rendered. `template` names it, `line` is 1-based or None."""

    def __init__(self, reason: str, *, template: str, line: int | None = None) -> None:
        where = f"{template}, line {line}" if line else template
        super().__init__(f"{where}: {reason}")
        self.reason = reason
        self.template = template
        self.line = line


class ProviderError(PlatformError):
    """What a provider answered when it didn't take a send. `provider_code` is its own code.

    `of_part`: it speaks of a part of the account's sends (one device, one of many receivers), so nothing is shut,
    paused or held against the account for it.
    """

    kind = "provider_error"

    def __init__(
        self, detail: str, *, provider_code: str = "", retry_after: float | None = None, of_part: bool = False
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.provider_code = provider_code
        self.retry_after = retry_after
        self.of_part = of_part


class Transient(ProviderError):
    kind = "transient"


class ProviderRateLimited(ProviderError):
    kind = "rate_limited"


class PermanentForMessage(ProviderError):
    kind = "permanent_message"


class PermanentForAddress(ProviderError):
    kind = "permanent_address"


class Misconfigured(ProviderError):
    kind = "misconfigured"


class Ambiguous(ProviderError):
    kind = "ambiguous"
