"""Given for the tests of broadcasts: an expander and the keeper of the ledgers beside the pipeline."""

from __future__ import annotations

import time
from typing import Any

from delivery.broadcasts.expander import Expander
from delivery.broadcasts.keeper import Keeper
from foundation.clock import now_ms
from foundation.identifiers import new_broadcast_id
from notifications.broadcasts import acceptance, figures
from notifications.broadcasts.figures import Standing
from notifications.broadcasts.models import Broadcast, Walk
from notifications.log import get_log
from tests.notifications.broadcasts.segments import MARKETER, a_broadcast
from tests.pipeline import Pipeline

PATIENCE_S = 120


class Broadcasting:
    """Expander, pipeline and ledger, turned by hand."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.expander = Expander(get_log(), "e1")
        self.keeper = Keeper(get_log(), "k1")

    def accept(self, **fields: Any) -> str:
        """One that starts at once; its id."""
        row = acceptance.propose(a_broadcast(**fields), MARKETER, id=new_broadcast_id(), by="ann", now=now_ms())
        return row.pk

    def expand(self, id: str, seconds: float = PATIENCE_S) -> Broadcast:
        """Until everybody is on the bulk topic."""
        return self.until(id, lambda row, walk: walk.is_expanded, seconds)

    def until(self, id: str, met: Any, seconds: float = PATIENCE_S) -> Broadcast:
        """Turns the expander until `met(row, walk)`."""
        ends = time.monotonic() + seconds
        while True:
            row, walk = Broadcast.objects.get(pk=id), Walk.objects.get(pk=id)
            if met(row, walk):
                return row
            assert time.monotonic() < ends, f"{row.state}: {walk.expanded} of {walk.audience}, {walk.stops_for}"
            wait = self.expander.turn()
            self.pipeline.turns(1)
            if wait:
                time.sleep(min(wait, 0.01))

    def settle(self, id: str) -> Standing:
        """Until every record is done and the ledger has heard of all of it."""
        self.pipeline.run(PATIENCE_S)
        while self.keeper.turn() or self.keeper.behind():
            pass
        return figures.standing(Broadcast.objects.get(pk=id))

    def close(self) -> None:
        self.keeper.close()
