"""Erasing a user: the rows of this room at once, and the erasure list that routing and replay honour (decision 0020).

The list is the users' rows themselves, emptied, with `erased_at`: routing reads them as it reads everybody, nothing
can be registered under such an id, and no second list can differ from it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection
from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from foundation.control_plane import control_plane, one_transaction
from foundation.errors import NotFound
from foundation.streaming import streamed
from preferences.changing import changing
from preferences.contact_points import check_user_id
from preferences.models import (
    DeliverySummary,
    Device,
    Erasure,
    InvalidAddress,
    PreferenceRow,
    StaticListMember,
    Suppression,
    User,
)

MARGIN = timedelta(days=1)
"""The log forgets in pieces (on Kafka of half a day): by a day after its retention the last of them has gone."""


def gone_by_now() -> timedelta:
    """How long from now on the log may still hold something."""
    return timedelta(hours=settings.ENV.LOG_RETENTION_HOURS) + MARGIN


@one_transaction
def begin(user_id: str, *, by: str, note: str, places: Collection[str]) -> Erasure:
    """Empties the user's row, puts the id on the list and writes the receipt; one that is there already stays.

    Also for an id that nobody registered: notifications are accepted for those too. Felt at once: raises
    ControlPlaneUnavailable, and `foundation.redis.Unreachable` where caches can't be told; then nothing is done.
    """
    there = Erasure.objects.filter(user_id=user_id, finished_at=None).first()
    if there is not None:
        return there
    with changing(user_id):
        user, _ = User.objects.get_or_create(user_id=check_user_id(user_id))
        kept = {"suppressions": _suppressions_of(user)}
        removed = _empty(user)
        now = timezone.now()
        return Erasure.objects.create(
            receipt=f"era_{secrets.token_hex(12)}",
            digest=digest_of(user_id),
            user_id=user_id,
            by=by,
            note=note,
            at=now,
            gone_by=now + gone_by_now(),
            next_at=now,
            removed=removed,
            kept={name: count for name, count in kept.items() if count},
            outstanding=sorted(places),
        )


def listed() -> frozenset[str]:
    """The erasure list: the ids of all users who were erased and not forgotten yet. Raises ControlPlaneUnavailable."""
    return frozenset(user for (user,) in streamed(User.objects.exclude(erased_at=None), "user_id"))


def among(user_ids: Collection[str]) -> set[str]:
    """Those of `user_ids` who are on the list. Raises ControlPlaneUnavailable."""
    with control_plane():
        rows = User.objects.filter(user_id__in=user_ids).exclude(erased_at=None)
        return set(rows.values_list("user_id", flat=True))


def found(word: str) -> Erasure:
    """The receipt of this number, or of this user id. Raises NotFound."""
    with control_plane():
        row = Erasure.objects.filter(Q(receipt=word) | Q(digest=digest_of(word))).order_by("-id").first()
    if row is None:
        raise NotFound("There is no such receipt.", remedy="Give its number (era_…), or the user id it was made for.")
    return row


@one_transaction
def forget(erasure: Erasure) -> None:
    """The last of it: the user's row, and the id in the receipt. From now on the id is free again."""
    with changing(erasure.user_id):
        User.objects.filter(user_id=erasure.user_id).exclude(erased_at=None).delete()
    Erasure.objects.filter(pk=erasure.pk).update(user_id="", next_at=None, finished_at=timezone.now(), outstanding=[])


def digest_of(user_id: str) -> str:
    """A keyed hash: the same for the same id, and nothing to try ids against without our key."""
    return hmac.new(settings.SECRET_KEY.encode(), user_id.encode(), hashlib.sha256).hexdigest()


def _suppressions_of(user: User) -> int:
    tokens = list(user.devices.values_list("token", flat=True))
    addresses = [address for address in (user.email, user.phone, *tokens) if address]
    return Suppression.objects.filter(address__in=addresses).count()


def _empty(user: User) -> dict[str, int]:
    """Takes all there is of a user out of this room; what, and how many."""
    removed = {"contact points": sum(bool(point) for point in (user.email, user.phone)), **remove_rows(user.user_id)}
    removed["attributes"] = len(user.attributes or {})
    user.email = user.phone = user.locale = ""
    user.time_zone, user.attributes, user.quiet_hours, user.last_active = "UTC", {}, None, None
    user.erased_at = user.erased_at or timezone.now()
    user.save()
    return removed


def remove_rows(user_id: str) -> dict[str, int]:
    """Rows that hang on a user, also those written since they were erased; how many by what they are."""
    owned = {
        "devices": Device.objects.filter(user__user_id=user_id),
        "preferences": PreferenceRow.objects.filter(user__user_id=user_id),
        "dead addresses": InvalidAddress.objects.filter(user__user_id=user_id),
        "places on lists": StaticListMember.objects.filter(user__user_id=user_id),
        "summed up deliveries": DeliverySummary.objects.filter(user=user_id),
    }
    with control_plane():
        return {name: rows.delete()[0] for name, rows in owned.items()}
