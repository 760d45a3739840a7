"""What the fields of a type may hold."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from phonenumbers import SUPPORTED_REGIONS

from preferences.channels import CHANNELS as KNOWN_CHANNELS

__all__ = ["KNOWN_CHANNELS", "validate_channels", "validate_countries", "validate_example"]


def validate_channels(value: Any) -> None:
    """A list of at least one known channel, none twice. Raises ValidationError."""
    if not isinstance(value, list) or not value:
        raise ValidationError(f"give a list of at least one of {', '.join(KNOWN_CHANNELS)}")
    unknown = [name for name in value if name not in KNOWN_CHANNELS]
    if unknown:
        raise ValidationError(f"{unknown[0]!r} is no channel; there are {', '.join(KNOWN_CHANNELS)}")
    if len(set(value)) < len(value):
        raise ValidationError("a channel is named twice")


def validate_countries(value: Any) -> None:
    """A list of ISO 3166 codes of countries that have phones. Raises ValidationError."""
    if not isinstance(value, list) or not all(isinstance(code, str) for code in value):
        raise ValidationError('give a list such as ["DE", "AT"]')
    unknown = [code for code in value if code not in SUPPORTED_REGIONS]
    if unknown:
        raise ValidationError(f"{unknown[0]!r} is no country; give ISO codes such as DE")


def validate_example(value: Any) -> None:
    """A JSON object. Raises ValidationError."""
    if not isinstance(value, dict):
        raise ValidationError('give an object such as {"order_id": "ord_1"}')
