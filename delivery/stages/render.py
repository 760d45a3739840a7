"""Render: a content for every channel that is to be sent. One bad template never holds the others."""

from __future__ import annotations

import msgspec

from delivery.batch import Routed, RoutedBatch
from delivery.broadcasts.rendering import render_casts
from delivery.stages.route import data_of
from delivery.stages.running import stage
from foundation.clock import now_ms
from preferences.facts import Verdict
from templates_app.content import Content, NoTemplate, RenderRequest
from templates_app.recipient import recipient
from templates_app.render import render as render_all


@stage("render", RoutedBatch)
def render(batch: RoutedBatch) -> RoutedBatch:
    places: list[tuple[int, str]] = []
    requests: list[RenderRequest] = []
    for index, routed in enumerate(batch.routed):
        for verdict in routed.verdicts:
            if verdict.verdict == "send":
                places.append((index, verdict.channel))
                requests.append(_request(routed, verdict.channel))
    contents: list[dict[str, Content]] = [{} for _ in batch.routed]
    errors: list[dict[str, str]] = [{} for _ in batch.routed]
    missing: list[set[str]] = [set() for _ in batch.routed]
    for (index, channel), result in zip(places, render_all(requests), strict=True):
        if isinstance(result, Content):
            contents[index][channel] = result
        elif isinstance(result, NoTemplate):
            missing[index].add(channel)
        else:
            errors[index][channel] = str(result)
    casts = render_casts(batch.casts)
    rendered_at = now_ms()
    return msgspec.structs.replace(
        batch,
        casts=casts,
        routed=[
            msgspec.structs.replace(
                routed,
                contents=contents[index],
                template_errors=errors[index],
                verdicts=_without_template(routed, missing[index]),
                stamps={**routed.stamps, "rendered": rendered_at},
            )
            for index, routed in enumerate(batch.routed)
        ],
    )


def _request(routed: Routed, channel: str) -> RenderRequest:
    event = routed.event
    return RenderRequest(
        type=event.type,
        channel=channel,
        locale=routed.locale,
        data=data_of(event, event.recipients[0]),
        template_version=event.template_version,
        recipient=recipient(
            routed.user, routed.locale, channel=channel, category=routed.category, mandatory=routed.mandatory
        ),
    )


def _without_template(routed: Routed, missing: set[str]) -> list[Verdict]:
    if not missing:
        return routed.verdicts
    return [_no_template(routed, verdict) if verdict.channel in missing else verdict for verdict in routed.verdicts]


def _no_template(routed: Routed, verdict: Verdict) -> Verdict:
    return Verdict(
        channel=verdict.channel,
        verdict="drop",
        reason="no_template",
        detail=f"{routed.event.type} has no published {verdict.channel} template for {routed.locale or 'any locale'}.",
        setting=f"template {routed.event.type}/{verdict.channel}",
    )
