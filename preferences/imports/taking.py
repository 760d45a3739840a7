"""One batch of rows brought in: a few statements for a thousand users, all or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.db import connections, router
from django.utils import timezone

from foundation.errors import InvalidRequest
from preferences.changing import changing
from preferences.imports.mapping import Change, Mapped, change_of
from preferences.imports.reading import Row
from preferences.models import InvalidAddress, StaticList, StaticListMember, User

MAPPED = ("email", "phone", "locale", "time_zone", "quiet_hours", "last_active")
_CHANNEL_OF = {"email": "email", "phone": "sms"}

ERASED = "This user was erased."
UNKNOWN = "Nobody has registered this user."


class Bad(NamedTuple):
    """A row that wasn't taken: its line, its cells, and why."""

    line: int
    cells: list[Any]
    why: str


class Taken(NamedTuple):
    """What became of a batch."""

    added: int
    changed: int
    bad: list[Bad]


def take_users(rows: Sequence[Row], header: Sequence[str], mapping: Mapped) -> Taken:
    """Registers or changes the users of these rows. Of two rows for one user the later wins, cell by cell.

    Within the caller's transaction. Felt at once: raises `foundation.redis.Unreachable` where caches can't be told.
    """
    changes, lines, bad = _read(rows, header, mapping)
    there = {user.user_id: user for user in User.objects.filter(user_id__in=list(changes))}
    for user_id, user in there.items():
        if user.erased_at is not None:
            bad += [Bad(row.line, row.cells, ERASED) for row in lines[user_id]]
            del changes[user_id]
    if not changes:
        return Taken(0, 0, bad)
    with changing(*changes):
        _write(list(changes.values()), there)
    added = sum(user_id not in there for user_id in changes)
    return Taken(added, len(changes) - added, bad)


def take_members(rows: Sequence[Row], header: Sequence[str], mapping: Mapped, static_list: StaticList) -> Taken:
    """Puts the users of these rows on a list; `changed` counts those who were on it already."""
    changes, lines, bad = _read(rows, header, mapping)
    found = User.objects.filter(user_id__in=list(changes)).values_list("user_id", "pk", "erased_at")
    known = {user_id: (key, erased) for user_id, key, erased in found}
    for user_id in changes:
        if user_id not in known or known[user_id][1] is not None:
            why = ERASED if user_id in known else UNKNOWN
            bad += [Bad(row.line, row.cells, why) for row in lines[user_id]]
    keys = {key for key, erased in known.values() if erased is None}
    on_it = set(StaticListMember.objects.filter(list=static_list, user__in=keys).values_list("user", flat=True))
    StaticListMember.objects.bulk_create(
        [StaticListMember(list=static_list, user_id=key) for key in sorted(keys - on_it)], ignore_conflicts=True
    )
    return Taken(len(keys - on_it), len(on_it), bad)


def _read(
    rows: Sequence[Row], header: Sequence[str], mapping: Mapped
) -> tuple[dict[str, Change], dict[str, list[Row]], list[Bad]]:
    changes: dict[str, Change] = {}
    lines: dict[str, list[Row]] = {}
    bad: list[Bad] = []
    for row in rows:
        try:
            if row.problem:
                raise InvalidRequest(row.problem)
            change = change_of(dict(zip(header, row.cells, strict=True)), mapping)
        except InvalidRequest as error:
            where = f"{error.field}: " if error.field else ""
            bad.append(Bad(row.line, row.cells, f"{where}{error.detail} {error.remedy or ''}".strip()))
            continue
        before = changes.get(change.user_id)
        if before is not None:
            change = Change(change.user_id, before.fields | change.fields, {**before.attributes, **change.attributes})
        changes[change.user_id] = change
        lines.setdefault(change.user_id, []).append(row)
    return changes, lines, bad


def _write(changes: Sequence[Change], there: Mapping[str, User]) -> None:
    """One upsert of what the rows name: of a user who is there, what a row leaves empty is written as it was."""
    named = {name for change in changes for name in change.fields}
    named |= {"attributes"} if any(change.attributes for change in changes) else set()
    User.objects.bulk_create(
        [_user(change, there.get(change.user_id)) for change in sorted(changes, key=lambda each: each.user_id)],
        update_conflicts=True,
        update_fields=[*sorted(named), "updated_at"],
        unique_fields=_conflict_target(),
    )
    for field, channel in _CHANNEL_OF.items():
        replaced = [
            there[change.user_id].pk
            for change in changes
            if change.user_id in there
            and change.fields.get(field, getattr(there[change.user_id], field)) != getattr(there[change.user_id], field)
        ]
        if replaced:
            InvalidAddress.objects.filter(user__in=replaced, channel=channel).delete()


def _user(change: Change, there: User | None) -> User:
    values = {name: getattr(there, name) for name in MAPPED} if there is not None else {}
    attributes = {**(there.attributes or {}), **change.attributes} if there is not None else change.attributes
    return User(user_id=change.user_id, attributes=attributes, updated_at=timezone.now(), **{**values, **change.fields})


def _conflict_target() -> list[str] | None:
    """MySQL takes no target: any unique key counts there."""
    features = connections[router.db_for_write(User)].features
    return ["user_id"] if features.supports_update_conflicts_with_target else None
