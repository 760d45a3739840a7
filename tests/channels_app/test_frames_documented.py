"""`docs/frames.md` says what the code sends and takes: every example, and every frame."""

from __future__ import annotations

import re
import typing
from pathlib import Path

import msgspec
import pytest

from channels_app import frames
from channels_app.entries import InboxNotification

PAGE = (Path(__file__).parents[2] / "docs" / "frames.md").read_text()
FROM_GATEWAY, FROM_CLIENT = PAGE.split("## From the gateway")[1].split("## From the client")


def examples(part: str) -> list[str]:
    return re.findall(r"```json\n(.*?)```", part, re.DOTALL)


def types(union: object) -> set[str]:
    return {kind.__struct_config__.tag for kind in typing.get_args(union)}


@pytest.mark.parametrize("text", examples(FROM_GATEWAY))
def test_what_the_gateway_sends_is_as_documented(text):
    frame = msgspec.json.decode(text, type=frames.AnyServerFrame, strict=True)
    assert msgspec.json.decode(frame.text()) == msgspec.json.decode(text)


@pytest.mark.parametrize("text", examples(FROM_CLIENT))
def test_what_the_client_may_send_is_as_documented(text):
    assert msgspec.to_builtins(frames.read_frame(text)) == msgspec.json.decode(text)


def test_the_documented_notification_is_an_inbox_entry():
    shown = next(frame for frame in map(msgspec.json.decode, examples(FROM_GATEWAY)) if "notification" in frame)
    entry = msgspec.convert(shown["notification"], InboxNotification)
    assert msgspec.to_builtins(entry) == shown["notification"]


def test_every_frame_is_documented():
    assert {msgspec.json.decode(text)["type"] for text in examples(FROM_GATEWAY)} == types(frames.AnyServerFrame)
    assert {msgspec.json.decode(text)["type"] for text in examples(FROM_CLIENT)} == types(frames.AnyClientFrame)
