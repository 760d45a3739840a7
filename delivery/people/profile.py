"""What the page of a user shows of who they are: where they can be reached, what they chose, what is in the way."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils import timezone

from foundation.errors import ControlPlaneUnavailable
from preferences.channels import CHANNELS, LABELS
from preferences.choices import matrix_of
from preferences.masking import mask
from preferences.matrix import MatrixCell
from preferences.models import Erasure, InvalidAddress, Suppression, User
from templates_app.catalog import get_catalog

CHANNEL_OF = {"email": "email", "phone": "sms"}


def points(user: User, *, whole: bool) -> list[dict[str, Any]]:
    """Email, phone and devices, each with why nothing goes there (suppressed, dead); masked unless `whole`."""
    given: list[tuple[str, str, str, str, datetime | None]]
    given = [(LABELS[CHANNEL_OF[f]], CHANNEL_OF[f], getattr(user, f), "", None) for f in CHANNEL_OF if getattr(user, f)]
    given += [
        (device.get_platform_display(), "push", device.token, device.name, device.registered_at)
        for device in user.devices.all()
    ]
    addresses = [address for _, _, address, _, _ in given]
    unwanted = {(row.address, row.channel): row for row in Suppression.objects.filter(address__in=addresses)}
    dead = {row.address: row for row in InvalidAddress.objects.filter(user=user)}
    return [
        {
            "label": label,
            "name": name,
            "address": address if whole else mask(address),
            "since": since,
            "suppressed": unwanted.get((address, channel)),
            "dead": dead.get(address),
        }
        for label, channel, address, name, since in given
    ]


def matrix(user_id: str) -> list[dict[str, Any]]:
    """The effective preferences, a row for each scope: its name, kind, and a cell for each channel."""
    try:
        cells: Iterable[MatrixCell] = matrix_of(user_id, get_catalog())
    except ControlPlaneUnavailable:
        return []
    rows = groupby(cells, key=lambda cell: (cell.type, cell.kind))
    return [
        {"name": "Everything" if name == "*" else name, "kind": kind, "cells": _in_order(list(group))}
        for (name, kind), group in rows
    ]


def _in_order(cells: list[MatrixCell]) -> list[MatrixCell]:
    return sorted(cells, key=lambda cell: CHANNELS.index(cell.channel))


def local_time(user: User) -> datetime | None:
    """What the clock says where the user is."""
    try:
        return timezone.now().astimezone(ZoneInfo(user.time_zone))
    except (ZoneInfoNotFoundError, ValueError):
        return None


def erasure_of(user: User) -> Erasure | None:
    """The receipt of a user who was erased."""
    return Erasure.objects.filter(user_id=user.user_id).first() if user.erased_at else None
