"""Rendering a cast: once a channel and language where the words read nothing of the recipient (contract §7)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from delivery.batch import Cast, CastCell
from notifications.records import Event, Recipient
from preferences.decide import DROP, SEND
from preferences.facts import Verdict
from templates_app.content import Content, NoTemplate, RenderRequest
from templates_app.recipient import recipient
from templates_app.render import Rendered, reads_recipient, render


def render_casts(casts: Sequence[Cast]) -> list[Cast]:
    """The casts with contents; who has no template is dropped, whose template fails carries the error.

    Raises ControlPlaneUnavailable as `templates_app.render` does.
    """
    return [msgspec.structs.replace(cast, cells=[_rendered(cast, cell) for cell in cast.cells]) for cast in casts]


def _rendered(cast: Cast, cell: CastCell) -> CastCell:
    if cell.verdict.verdict != SEND:
        return cell
    event = cast.event
    people = [event.recipients[place] for place in cell.who]
    first = _request(cast, cell, people[0])
    if reads_recipient(first) or any(each.data for each in people):
        return _personal(cell, render([_request(cast, cell, each) for each in people]), event)
    return _shared(cell, render([first])[0], event)


def _request(cast: Cast, cell: CastCell, who: Recipient) -> RenderRequest:
    event, channel = cast.event, cell.verdict.channel
    return RenderRequest(
        type=event.type,
        channel=channel,
        locale=cell.locale,
        data={**event.data, **who.data} if who.data else event.data,
        template_version=event.template_version,
        recipient=recipient(who.user, cell.locale, channel=channel, category=cast.category, mandatory=cast.mandatory),
    )


def _shared(cell: CastCell, found: Rendered, event: Event) -> CastCell:
    if isinstance(found, Content):
        return msgspec.structs.replace(cell, content=found)
    if isinstance(found, NoTemplate):
        return msgspec.structs.replace(cell, verdict=_no_template(cell, event), addresses=[])
    return msgspec.structs.replace(cell, error=str(found))


def _personal(cell: CastCell, found: Sequence[Rendered], event: Event) -> CastCell:
    """One error is everybody's: who gets a broadcast with a broken template would get it broken."""
    bad = next((each for each in found if not isinstance(each, Content)), None)
    if bad is not None:
        return _shared(cell, bad, event)
    return msgspec.structs.replace(cell, contents=[each for each in found if isinstance(each, Content)])


def _no_template(cell: CastCell, event: Event) -> Verdict:
    channel = cell.verdict.channel
    return Verdict(
        channel=channel,
        verdict=DROP,
        reason="no_template",
        detail=f"{event.type} has no published {channel} template for {cell.locale or 'any locale'}.",
        setting=f"template {event.type}/{channel}",
    )
