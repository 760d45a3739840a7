"""What a template yields, and what is asked of it. Plain frozen values."""

from __future__ import annotations

from typing import Any

import msgspec


class Content(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a template yields for one channel. `data` is what the inbox shows, never the request's raw data.

    Email: `title` is the subject, `body` the text part, `html` the HTML part. SMS uses `body` alone.
    """

    title: str = ""
    body: str = ""
    html: str = ""
    action_url: str = ""
    image: str = ""
    data: dict[str, Any] = {}
    locale: str = ""
    template: str = ""
    template_version: int = 0


class RenderRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One rendering: `data` is the event's, `recipient` what templates may know of the user.

    `template_version` is the version the event was accepted under; 0 means the published one.
    """

    type: str
    channel: str
    locale: str
    data: dict[str, Any]
    template_version: int = 0
    recipient: dict[str, Any] = {}


class NoTemplate(msgspec.Struct, frozen=True):
    """There is no template for this type, channel and any locale of the fallback chain: the drop `no_template`."""

    type: str
    channel: str
