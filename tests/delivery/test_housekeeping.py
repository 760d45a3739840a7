"""Keeping house: what beat does every now and then, any number of times."""

from __future__ import annotations

import pytest

from delivery import housekeeping
from notifications.credentials import authenticate, create_token


@pytest.mark.django_db(transaction=True, databases=["default", "store", "sandbox"])
@pytest.mark.usefixtures("servers")
def test_the_last_use_of_a_token_reaches_its_row() -> None:
    secret, row = create_token(name="shop", scopes=["notifications:send"])
    authenticate(secret)

    housekeeping.keep()
    housekeeping.keep()

    row.refresh_from_db()
    assert row.last_used_at is not None
