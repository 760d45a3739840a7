"""Where a chain tells what it decided, tries and did: the log; in the direct way, which runs while the log is away, the
store itself, as the tracker would have written it (contract §9, "Kafka down")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from delivery import tracking
from delivery.batch import Envelope
from foundation.clock import now_ms
from notifications import reports
from notifications.records import Report

_UNTRACED: Mapping[str, str] = {}


class Tell(Protocol):
    """Makes reports durable. Raises LogUnavailable or StoreUnavailable: then some may be."""

    def __call__(
        self, made: Sequence[Report], /, *, repeat: bool = False, traces: Mapping[str, str] = _UNTRACED
    ) -> None: ...


def teller(batch: Envelope) -> Tell:
    """How the chain of `batch` tells."""
    return into_store if batch.direct else reports.produce


def into_store(made: Sequence[Report], *, repeat: bool = False, traces: Mapping[str, str] = _UNTRACED) -> None:
    """The tracker's work, at once. Raises StoreUnavailable."""
    if made:
        tracking.track([(report, repeat) for report in made], polled_at=now_ms())
