"""A chain is one of Celery's messages: the worker that takes it goes on with the batch in its hands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from celery.signals import task_prerun

from preferences.models import User
from templates_app.models import NotificationType
from tests.pipeline import Pipeline

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


@pytest.fixture
def taken() -> Iterator[list[str]]:
    """The tasks that workers took from their queues, by name."""
    names: list[str] = []

    def note(sender: Any, **kwargs: Any) -> None:
        names.append(sender.name.rpartition(".")[2])

    task_prerun.connect(note)
    yield names
    task_prerun.disconnect(note)


@pytest.mark.parametrize(
    ("priority", "first_tasks"), [("normal", {"route", "deliver", "track"}), ("critical", {"route", "track"})]
)
def test_only_the_first_task_of_a_chain_waits_in_a_queue(
    pipeline: Pipeline,
    order_shipped: NotificationType,
    ada: User,
    taken: list[str],
    priority: str,
    first_tasks: set[str],
):
    pipeline.send("order_shipped", "usr_42", data={"order": "A1"}, priority=priority)
    pipeline.run()
    assert set(taken) == first_tasks
