"""The control plane taken away from this process, whichever engine it is on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper


def _unless_control_plane(method: Any) -> Any:
    def reached(self: BaseDatabaseWrapper, *args: Any, **kwargs: Any) -> Any:
        if self.alias == "default":
            if not self.in_atomic_block:
                self.close()
            raise OperationalError(2002, "the control plane is away")
        return method(self, *args, **kwargs)

    return reached


@contextmanager
def sql_away() -> Iterator[None]:
    """No thread of this process reaches the control plane meanwhile: connections are gone, new ones are refused."""
    with mock.patch.multiple(
        BaseDatabaseWrapper,
        connect=_unless_control_plane(BaseDatabaseWrapper.connect),
        _cursor=_unless_control_plane(BaseDatabaseWrapper._cursor),
        set_autocommit=_unless_control_plane(BaseDatabaseWrapper.set_autocommit),
    ):
        yield
