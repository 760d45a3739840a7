"""The API's checks in forms: the same words, as a form's error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError

from foundation.errors import InvalidRequest


def checked(check: Callable[[Any], Any], value: Any) -> Any:
    """`check`'s answer, its refusal as a form error; an empty value stays empty. Raises ValidationError."""
    if not value:
        return value
    try:
        return check(value)
    except InvalidRequest as error:
        raise ValidationError(f"{error.detail} {error.remedy or ''}".strip()) from error
