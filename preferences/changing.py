"""A change of users that is felt at once: no answer says "done" while a cache may still say otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from preferences.profiles import forget, forget_after_commit


@contextmanager
def changing(*user_ids: str) -> Iterator[None]:
    """A transaction around a change of these users' rows, all or nothing, with their cached profiles dropped.

    Before the commit too: if Redis can't be told, nothing is written and `foundation.redis.Unreachable` is raised,
    rather than an opt-out that goes unheard for an hour.
    """
    with transaction.atomic():
        yield
        forget(user_ids)
        forget_after_commit(user_ids)
