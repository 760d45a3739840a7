"""What the server answers about itself: who asks, types, dead letters, broadcasts."""

from __future__ import annotations

from datetime import datetime

from notification_platform.answers import Answer


class WhoAmI(Answer, frozen=True, kw_only=True):
    """The token that asks. `types` empty: all; `rate` in notifications a second, 0: no limit."""

    kind: str
    name: str = ""
    user_id: str = ""
    scopes: list[str] = []
    types: list[str] = []
    rate: int = 0
    expires_at: datetime | None = None


class NotificationType(Answer, frozen=True, kw_only=True):
    """A type as the catalogue has it. `allowed`: whether this token may send it."""

    name: str
    category: str
    priority: str
    channels: list[str]
    mandatory: bool = False
    marketing: bool = False
    expires_after_s: int = 0
    allowed: bool = True


class Types(Answer, frozen=True, kw_only=True):
    types: list[NotificationType]


class DeadLetter(Answer, frozen=True, kw_only=True):
    """A delivery that was parked."""

    id: str
    notification_id: str
    user_id: str = ""
    channel: str
    type: str
    priority: str
    reason: str
    error: str
    detail: str
    provider: str
    provider_code: str
    attempts: int
    state: str
    first_at: datetime
    last_at: datetime


class DeadLetters(Answer, frozen=True, kw_only=True):
    """Newest first; `cursor` leads to the next page, None on the last."""

    dead_letters: list[DeadLetter]
    cursor: str | None = None


class DeadLetterGroup(Answer, frozen=True, kw_only=True):
    """How many share a value."""

    value: str
    count: int
    oldest: datetime
    newest: datetime


class DeadLetterGroups(Answer, frozen=True, kw_only=True):
    by: str
    groups: list[DeadLetterGroup]


class BroadcastStarted(Answer, frozen=True, kw_only=True):
    """A broadcast was taken."""

    broadcast_id: str
    estimated_recipients: int
    estimated_duration_minutes: float


class Throttle(Answer, frozen=True, kw_only=True):
    """`rate` recipients a second at most; 0: as the channels take it."""

    rate: int = 0
    strategy: str = ""


class BroadcastChannel(Answer, frozen=True, kw_only=True):
    """A channel's recipients by what became of them; `not_yet` are without any word so far."""

    sent: int = 0
    dropped: dict[str, int] = {}
    failed: int = 0
    in_flight: int = 0
    not_yet: int = 0
    cancelled: int = 0


class Broadcast(Answer, frozen=True, kw_only=True):
    """How far a broadcast is. `expanded` of `recipients` (None until the audience is fixed) are on their way.

    `state`: draft, waiting (for a second person), scheduled, running, paused, held and halted (by its canary),
    finished, cancelled. `settled`: every delivery has its outcome. `waits_for` says what holds it up.
    """

    broadcast_id: str
    state: str
    why: str = ""
    name: str = ""
    type: str = ""
    segment: str = ""
    throttle: Throttle = Throttle()
    estimated_recipients: int = 0
    recipients: int | None = None
    expanded: int = 0
    percent: float = 0.0
    settled: bool = False
    waits_for: str = ""
    ledger: dict[str, BroadcastChannel] = {}
    started_at: datetime | None = None
    finished_at: datetime | None = None
