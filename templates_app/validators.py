"""What the fields of a type may hold."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError

from preferences.channels import CHANNELS as KNOWN_CHANNELS

__all__ = ["KNOWN_CHANNELS", "validate_channels", "validate_example"]


def validate_channels(value: Any) -> None:
    """A list of at least one known channel, none twice. Raises ValidationError."""
    if not isinstance(value, list) or not value:
        raise ValidationError(f"give a list of at least one of {', '.join(KNOWN_CHANNELS)}")
    unknown = [name for name in value if name not in KNOWN_CHANNELS]
    if unknown:
        raise ValidationError(f"{unknown[0]!r} is no channel; there are {', '.join(KNOWN_CHANNELS)}")
    if len(set(value)) < len(value):
        raise ValidationError("a channel is named twice")


def validate_example(value: Any) -> None:
    """A JSON object. Raises ValidationError."""
    if not isinstance(value, dict):
        raise ValidationError('give an object such as {"order_id": "ord_1"}')
