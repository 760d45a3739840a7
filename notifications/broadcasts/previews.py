"""What a broadcast would say, channel by channel, to nobody in particular."""

from __future__ import annotations

import msgspec

from notifications.broadcasts.models import Broadcast
from preferences.channels import LABELS
from templates_app.content import Content, NoTemplate, RenderRequest
from templates_app.recipient import EXAMPLE, shown
from templates_app.render import render


class Preview(msgspec.Struct, frozen=True):
    """A channel's words; `problem` where there are none."""

    channel: str
    title: str = ""
    body: str = ""
    problem: str = ""


def of(row: Broadcast) -> list[Preview]:
    """A preview for each channel. Raises ControlPlaneUnavailable."""
    found = render(
        [
            RenderRequest(
                type=row.type,
                channel=channel,
                locale="",
                data=row.data,
                template_version=row.template_version,
                recipient=shown(EXAMPLE, "", channel=channel),
            )
            for channel in row.channels
        ]
    )
    return [_preview(LABELS.get(name, name), each) for name, each in zip(row.channels, found, strict=True)]


def _preview(channel: str, found: Content | NoTemplate | Exception) -> Preview:
    if isinstance(found, Content):
        return Preview(channel, found.title, found.body)
    if isinstance(found, NoTemplate):
        return Preview(channel, problem="It has no published words: nobody gets it here.")
    return Preview(channel, problem=str(found))
