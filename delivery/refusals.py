"""When a provider refuses our credentials or settings: the account is paused, operators hear of it.

Nothing is parked and no attempt is lost: what it refused comes back later, or goes over another account.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from delivery import alerts, parking
from delivery.providers.port import Result, Taken
from foundation.errors import ControlPlaneUnavailable, Misconfigured

log = structlog.get_logger(__name__)


def refusal(results: Sequence[Result]) -> str:
    """Why the account is refused, by a burst's results; "" where it isn't.

    One that takes others at the same time isn't: then something is wrong with a part of its sends (an APNs key that FCM
    can't use, an unverified recipient), which says so for itself and comes back.
    """
    if any(isinstance(result, Taken) for result in results):
        return ""
    return next((result.detail for result in results if isinstance(result, Misconfigured)), "")


def alert(account: str, why: str, at: int) -> None:
    """Tells the operators, by the log where the database is away."""
    try:
        alerts.raise_alerts([parking.misconfigured_alert(account, why, at)])
    except ControlPlaneUnavailable as error:
        log.error("account_paused", account=account, why=why, alert=str(error))
