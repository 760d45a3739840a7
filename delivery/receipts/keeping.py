"""What one callback said, made durable before it is answered: one write to the log, one to each list (contract §2).

Nothing here counts on coming once: a report's cell is filled by rank, a suppression is there or not, a bounce is
counted under its own id. So whatever fails is answered with 503, and the provider brings all of it again.
"""

from __future__ import annotations

import structlog
from msgspec import Struct

from delivery.receipts import soft_bounces
from delivery.receipts.soft_bounces import SoftBounce
from foundation.control_plane import control_plane
from notifications import reports
from notifications.records import Receipt
from preferences import suppression
from preferences.addresses import Dead, invalidate_addresses
from preferences.models import Suppression
from preferences.suppression import Entry

log = structlog.get_logger(__name__)


class Heard(Struct, frozen=True, kw_only=True):
    """A callback in our words. `provider` is said in the history of what it suppressed.

    `lifted` are addresses whose STOP is taken back; `dead` are those that a provider called unknown.
    """

    provider: str
    receipts: tuple[Receipt, ...] = ()
    suppressed: tuple[Entry, ...] = ()
    soft: tuple[SoftBounce, ...] = ()
    lifted: tuple[tuple[str, str], ...] = ()
    dead: tuple[Dead, ...] = ()


def keep(heard: Heard) -> None:
    """Makes it durable. Raises LogUnavailable, ControlPlaneUnavailable, redis.ConnectionError: then some may be."""
    reports.produce(heard.receipts)
    suppressed = [*heard.suppressed, *_too_many(heard)]
    if not (suppressed or heard.lifted or heard.dead):
        return
    with control_plane():
        suppression.add(suppressed, by=heard.provider)
        suppression.remove(heard.lifted, by=heard.provider, note="START by SMS", only=Suppression.Reason.STOP)
        if heard.dead:
            invalidate_addresses(heard.dead)
    log.info("addresses changed", provider=heard.provider, suppressed=len(suppressed), lifted=len(heard.lifted))


def _too_many(heard: Heard) -> list[Entry]:
    return [
        Entry(address=address, channel="email", reason=Suppression.Reason.BOUNCE, note=f"{count} soft bounces")
        for address, count in soft_bounces.over(heard.soft)
    ]
