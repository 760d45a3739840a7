"""An account's options as its adapter's frozen struct, with an error that names account, field and remedy."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from delivery.providers.accounts import Account
from foundation.errors import Misconfigured

T = TypeVar("T", bound=msgspec.Struct)


def options_of(account: Account, kind: type[T]) -> T:
    """`account.options` as a `kind` (a struct that forbids unknown fields).

    Raises Misconfigured for a field that is missing, unknown or of the wrong kind; a ValueError from the struct's
    `__post_init__` says what doesn't fit together.
    """
    try:
        return msgspec.convert(account.options, kind)
    except msgspec.ValidationError as error:
        raise Misconfigured(
            f"account {account.name}: its options aren't right: {error}. "
            f"Known are: {', '.join(kind.__struct_fields__)}. Correct the file that PROVIDERS names.",
            provider_code="options",
        ) from error
