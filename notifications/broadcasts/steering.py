"""What people do with a broadcast: propose, approve, pause, resume, change the rate, cancel, recall (contract §7).

Each takes the row's lock, asks the table of states and writes who did it; the expander looks at the row before every
round. What is already on the topics of a cancelled or recalled one is dropped by the stages, who ask `stopped`.
"""

from __future__ import annotations

from foundation.clock import now_ms
from foundation.control_plane import one_transaction
from foundation.errors import Conflict, Forbidden, InvalidRequest, NotFound
from foundation.identifiers import BROADCAST
from notifications.broadcasts import acceptance, states, stops
from notifications.broadcasts.models import Broadcast
from notifications.broadcasts.request import RATE_MAX

DONE = {states.PAUSE: "paused", states.RESUME: "resumed", states.CANCEL: "cancelled"}


def find(id: str) -> Broadcast:
    """The broadcast. Raises NotFound."""
    return _of(Broadcast.objects.filter(pk=id).first(), id)


@one_transaction
def submit(id: str, *, by: str) -> Broadcast:
    """A draft is done: it starts when it is due, or waits for a second person. Raises Conflict, NotFound."""
    row = _locked(id)
    if row.state != states.DRAFT:
        raise Conflict(f"The broadcast is {row.state} already.", field="state", remedy="Look at it again.")
    row.proposed_by = by
    row.state = states.after(row.state, _submission(row))
    return _written(row)


def _submission(row: Broadcast) -> str:
    return states.PROPOSE if acceptance.needs_second_person(row) else states.APPROVE


@one_transaction
def approve(id: str, *, by: str) -> Broadcast:
    """A second person lets it go. Raises Forbidden for its author, Conflict where nothing waits for approval."""
    row = _locked(id)
    if row.state != states.WAITING:
        raise Conflict(f"The broadcast is {row.state}; it doesn't wait for approval.", field="state")
    if by == row.proposed_by:
        raise Forbidden(
            "You proposed this broadcast; somebody else approves it.",
            code="own_proposal",
            remedy="Ask a colleague who may approve broadcasts.",
        )
    row.state, row.approved_by, row.approved_at = states.after(row.state, states.APPROVE), by, now_ms()
    return _written(row)


@one_transaction
def refuse(id: str, *, by: str, why: str) -> Broadcast:
    """A second person sends it back to its author, with a sentence. Raises Conflict, NotFound."""
    row = _locked(id)
    row.state, row.why = states.after(row.state, states.REFUSE), f"{by}: {why}"[:300]
    return _written(row)


def pause(id: str, *, by: str) -> Broadcast:
    """Nothing more is expanded until `resume`. Raises Conflict, NotFound."""
    return _act(id, states.PAUSE, by)


def resume(id: str, *, by: str) -> Broadcast:
    """Goes on where it stopped; one that its canary halted, against its advice. Raises Conflict, NotFound."""
    return _act(id, states.RESUME, by)


def cancel(id: str, *, by: str) -> Broadcast:
    """Ends it: what isn't out stays in. Raises Conflict, NotFound."""
    row = _act(id, states.CANCEL, by)
    stops.publish(row.pk)
    return row


@one_transaction
def change_rate(id: str, rate: int, *, by: str) -> Broadcast:
    """Another rate (recipients/s, 0: as the channels take it), felt at the next round. Raises InvalidRequest too."""
    if not 0 <= rate <= RATE_MAX:
        raise InvalidRequest(
            f"A rate is between 0 (no limit) and {RATE_MAX:,} recipients a second.",
            field="rate",
            remedy="Give recipients a second.",
        )
    row = _locked(id)
    row.state, row.rate = states.after(row.state, states.RATE), rate
    return _written(row)


def recall(id: str, *, by: str) -> Broadcast:
    """Cancels what isn't out, and takes what is out of the inboxes. Raises Conflict for one that never started."""
    row = _recall(id, by)
    stops.publish(row.pk)
    return row


def finish(id: str) -> Broadcast:
    """Everybody is expanded. Raises Conflict where it was cancelled meanwhile."""
    return _act(id, states.FINISH, "")


@one_transaction
def hold(id: str, why: str) -> Broadcast:
    """The canary is out: nothing more until it was looked at. Raises Conflict."""
    return _decided(id, states.HOLD, why)


@one_transaction
def judge(id: str, *, passes: bool, why: str) -> Broadcast:
    """What looking at the canary led to. Raises Conflict where a person decided meanwhile."""
    return _decided(id, states.PASS if passes else states.HALT, why)


def _decided(id: str, action: str, why: str) -> Broadcast:
    row = _locked(id)
    row.state, row.why = states.after(row.state, action), why[:300]
    return _written(row)


@one_transaction
def start(id: str) -> Broadcast:
    """Its time has come: it runs, and the next occurrence of one that repeats is there. Raises Conflict."""
    row = _locked(id)
    if row.state == states.SCHEDULED:
        row.state, row.started_at = states.after(row.state, states.START), now_ms()
        following = acceptance.next_occurrence(row, row.started_at)
        if following is not None:
            acceptance.keep(following)
    return _written(row)


@one_transaction
def _recall(id: str, by: str) -> Broadcast:
    row = _locked(id)
    if row.started_at is None:
        raise Conflict("Nothing of it is out.", field="state", remedy="Cancel it instead.")
    if row.recalled_at is None:
        row.recalled_at, row.recalled_by = now_ms(), by
        row.state = row.state if row.state in states.OVER else states.after(row.state, states.CANCEL)
    return _written(row)


@one_transaction
def _act(id: str, action: str, by: str) -> Broadcast:
    row = _locked(id)
    before, row.state = row.state, states.after(row.state, action)
    if before != row.state:
        row.why = f"{DONE.get(action, action)} by {by}" if by else ""
        row.finished_at = now_ms() if row.state in states.OVER else None
    return _written(row)


def _locked(id: str) -> Broadcast:
    return _of(Broadcast.objects.select_for_update().filter(pk=id).first(), id)


def _of(row: Broadcast | None, id: str) -> Broadcast:
    if row is None:
        raise NotFound(
            f"There is no broadcast “{id}”.",
            field="broadcast_id",
            remedy=None if id.startswith(BROADCAST) else f"Its id begins with {BROADCAST}.",
        )
    return row


def _written(row: Broadcast) -> Broadcast:
    row.changed_at = now_ms()
    row.save()
    return row
