"""Everything of one user taken out of the SQL engine."""

from __future__ import annotations

from django.db import transaction

from notifications.store.models import DecisionDetails, DeliveryCell, InboxItem, ReadMark, ReadState
from notifications.store.sql.connection import ALIAS, portions, reachable


def forget_user(user: str) -> int:
    """See the port; one short transaction for some notifications at a time."""
    with reachable():
        decided = set(DecisionDetails.objects.using(ALIAS).filter(user=user).values_list("notification", flat=True))
        ids = decided | set(InboxItem.objects.using(ALIAS).filter(user=user).values_list("id", flat=True))
        for some in portions(sorted(ids)):
            with transaction.atomic(using=ALIAS):
                DeliveryCell.objects.using(ALIAS).filter(notification__in=some).delete()
                ReadState.objects.using(ALIAS).filter(pk__in=some).delete()
                InboxItem.objects.using(ALIAS).filter(pk__in=some).delete()
                DecisionDetails.objects.using(ALIAS).filter(notification__in=some).delete()
        ReadMark.objects.using(ALIAS).filter(user=user).delete()
    return len(ids)
