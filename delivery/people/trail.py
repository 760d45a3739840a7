"""Taking a user out of the audit trail: who did what and when stays, whom and what it was about goes."""

from __future__ import annotations

from auditlog.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, Q, QuerySet

from foundation.control_plane import control_plane
from preferences.erasure import digest_of
from preferences.models import Device, PreferenceRow, User

OWNED: tuple[type[Model], ...] = (Device, PreferenceRow)
"""Rows of a user that the trail keeps: their entries name the user's key."""


def forget(user_id: str) -> int:
    """Puts the receipt's digest in the place of the id, and empties what was changed; how many entries.

    The user's row has to be there still: its key finds the entries. Raises ControlPlaneUnavailable.
    """
    digest = digest_of(user_id)
    with control_plane():
        key = User.objects.filter(user_id=user_id).values_list("pk", flat=True).first()
        if key is None:
            return 0
        entries = [_of(User).filter(Q(object_pk=str(key)) | Q(object_repr=user_id))]
        entries += [_of_owned(model, str(key)) for model in OWNED]
        return sum(
            found.exclude(object_repr=digest).update(
                object_repr=digest, changes={}, changes_text="", serialized_data=None, additional_data=None
            )
            for found in entries
        )


def _of(model: type[Model]) -> QuerySet[LogEntry]:
    return LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(model))


def _of_owned(model: type[Model], key: str) -> QuerySet[LogEntry]:
    """All entries of rows one of whose entries names the user: an update of another field doesn't."""
    naming = _of(model).filter(Q(changes__user__0=key) | Q(changes__user__1=key))
    return _of(model).filter(object_pk__in=list(naming.values_list("object_pk", flat=True)))
