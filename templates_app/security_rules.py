"""The rules that make a type a security type, and what they ask of people: a second person, for their change and for
its words. Otherwise an author could take `mandatory` off, publish alone, and put it on again (decision 19).

`approve`, `propose` and `take_back` raise Conflict, with a sentence and a remedy, for what can't be done.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from foundation.errors import Conflict
from templates_app.models import NotificationType, RuleChange

GUARDED = ("mandatory", "two_factor")


def of_types_that_need_two() -> Q:
    """NotificationType.needs_two as a condition on rows that have a `type`."""
    is_one = Q(type__mandatory=True) | Q(type__two_factor=True)
    return is_one | Q(type__in=RuleChange.objects.filter(approved_at=None).values("type"))


def open_change(kind: NotificationType) -> RuleChange | None:
    """The change that waits for a second person."""
    return RuleChange.objects.filter(type=kind, approved_at=None).first() if kind.pk else None


def held_back(kind: NotificationType) -> dict[str, bool]:
    """Puts the guarded rules of an unsaved change back to what is stored; what was wanted of them, to be proposed.

    A new type has what it was given: none of its words have gone out yet, and they need a second person then.
    """
    stored = NotificationType.objects.filter(pk=kind.pk).values(*GUARDED).first() or {}
    wanted = {name: getattr(kind, name) for name, value in stored.items() if getattr(kind, name) != value}
    for name in wanted:
        setattr(kind, name, stored[name])
    return wanted


@transaction.atomic
def propose(kind: NotificationType, wanted: Mapping[str, bool], *, by: str) -> RuleChange:
    """Lets `wanted` wait for somebody else. Nothing of the type changes by it."""
    _lock(kind)
    there = open_change(kind)
    if there is not None:
        raise Conflict(
            f"{there.proposed_by} has proposed a change of these rules already: {there.said}.",
            remedy="Have it approved or take it back first.",
        )
    return RuleChange.objects.create(type=kind, wanted=dict(wanted), proposed_by=by)


@transaction.atomic
def approve(kind: NotificationType, *, by: str) -> RuleChange:
    """A second person's yes: the type has the rules from now on."""
    row = _lock(kind)
    change = _waiting(row)
    if by == change.proposed_by:
        raise Conflict(
            "You proposed this yourself: a second person has to approve it.", remedy="Ask somebody who may approve."
        )
    for name in GUARDED:
        setattr(row, name, change.wanted.get(name, getattr(row, name)))
    row.save()
    change.approved_by, change.approved_at = by, timezone.now()
    change.save(update_fields=["approved_by", "approved_at"])
    return change


@transaction.atomic
def take_back(kind: NotificationType) -> None:
    """The rules stay as they are."""
    _waiting(_lock(kind)).delete()


def _lock(kind: NotificationType) -> NotificationType:
    return NotificationType.objects.select_for_update().get(pk=kind.pk)


def _waiting(kind: NotificationType) -> RuleChange:
    change = open_change(kind)
    if change is None:
        raise Conflict("No change of the rules waits here.", remedy="Somebody else may have acted; look again.")
    return change
