"""The SQL database's errors by their name in our tree (foundation/errors.py)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import InterfaceError, OperationalError

from foundation.errors import ControlPlaneUnavailable


@contextmanager
def control_plane() -> Iterator[None]:
    """Raises ControlPlaneUnavailable for what says that the database is away."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise ControlPlaneUnavailable(f"the control plane can't be reached: {error}") from error
