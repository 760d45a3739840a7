"""What changes the catalog, wherever it is done (admin, commands, shell), is announced after its commit."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from templates_app.catalog import get_catalog
from templates_app.models import CatalogName, NotificationType, Variable
from templates_app.publish import announce_change


@receiver([post_save, post_delete], sender=NotificationType)
def types_changed(**kwargs: Any) -> None:
    """Frees names that nothing uses any more, and tells all processes."""
    types = NotificationType.objects
    CatalogName.objects.filter(kind=CatalogName.TYPE).exclude(name__in=types.values("name")).delete()
    CatalogName.objects.filter(kind=CatalogName.CATEGORY).exclude(name__in=types.values("category")).delete()
    get_catalog().forget()  # for the transaction's own reading
    transaction.on_commit(announce_change)


@receiver([post_save, post_delete], sender=Variable)
def variables_changed(**kwargs: Any) -> None:
    """Tells all processes what events are checked against from now on."""
    get_catalog().forget()
    transaction.on_commit(announce_change)
