"""When a provider refuses our credentials or settings: the account is paused, operators hear of it.

Nothing is parked and no attempt is lost: what it refused comes back later, or goes over another account.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import structlog

from delivery import alerts, parking
from delivery.providers.port import Result, Taken
from foundation.errors import ControlPlaneUnavailable, Misconfigured

log = structlog.get_logger(__name__)


class Refusal(NamedTuple):
    """Why an account is refused ("" where it isn't), and how many of a burst's sends heard so."""

    why: str = ""
    sends: int = 0


def refusal(results: Sequence[Result]) -> Refusal:
    """Whether the account is refused, by a burst's results.

    One that takes others at the same time isn't: then something is wrong with a part of its sends (an APNs key that FCM
    can't use, an unverified recipient), which says so for itself and comes back.
    """
    if any(isinstance(result, Taken) for result in results):
        return Refusal()
    refused = [result.detail for result in results if isinstance(result, Misconfigured) and not result.of_part]
    return Refusal(refused[0], len(refused)) if refused else Refusal()


def alert(account: str, why: str, at: int) -> None:
    """Tells the operators, by the log where the database is away."""
    try:
        alerts.raise_alerts([parking.misconfigured_alert(account, why, at)])
    except ControlPlaneUnavailable as error:
        log.error("account_paused", account=account, why=why, alert=str(error))
