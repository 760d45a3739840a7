"""What users chose: setting cells of the matrix, and reading it back whole (contract §2, §4). Free of HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from django.db import connections, router

from foundation.control_plane import one_transaction
from foundation.errors import Conflict, InvalidRequest
from preferences.changing import changing
from preferences.channels import CHANNELS, EVERY, LABELS
from preferences.facts import PreferenceCell, TypeFacts
from preferences.matrix import MatrixCell, effective_matrix, lock_of, scopes
from preferences.models import PreferenceRow
from preferences.nearness import did_you_mean
from preferences.registry import ensure_user


class Types(Protocol):
    """The catalog of notification types, as much of it as is needed here."""

    def facts(self, name: str) -> TypeFacts | None: ...
    def names(self) -> Iterable[str]: ...
    def categories(self) -> Mapping[str, Sequence[str]]: ...


def matrix_of(user_id: str, types: Types) -> list[MatrixCell]:
    """The whole effective matrix; the defaults for a user nobody registered. Reads the database, never a cache."""
    rows = PreferenceRow.objects.filter(user__user_id=user_id).values_list("scope", "channel", "enabled")
    return effective_matrix(_facts(types, types.names()), [PreferenceCell(*row) for row in rows])


@one_transaction
def set_cells(user_id: str, cells: Sequence[PreferenceCell], types: Types) -> None:
    """Sets these cells and leaves all others; all or none.

    The user is registered if nobody has. Raises InvalidRequest for an unknown scope or channel, naming near matches,
    and for a cell given twice with different values; Conflict for turning off what can't be.
    """
    _check_names(cells, types)
    _check_locks(cells, types)
    with changing(user_id):
        user, _ = ensure_user(user_id)
        PreferenceRow.objects.bulk_create(
            [
                PreferenceRow(user=user, scope=cell.scope, channel=cell.channel, enabled=cell.enabled)
                for cell in dict.fromkeys(cells)
            ],
            update_conflicts=True,
            update_fields=["enabled", "updated_at"],
            unique_fields=_conflict_target(),
        )


def _check_names(cells: Sequence[PreferenceCell], types: Types) -> None:
    known = scopes(types.categories())
    chosen: dict[tuple[str, str], bool] = {}
    for index, cell in enumerate(cells):
        if cell.scope not in known:
            raise _unknown(index, "type", cell.scope, known, "GET /users/{id}/preferences lists types and categories.")
        if cell.channel not in (*CHANNELS, EVERY):
            raise _unknown(index, "channel", cell.channel, CHANNELS, f"Use {', '.join(CHANNELS)} or *.")
        if chosen.setdefault((cell.scope, cell.channel), cell.enabled) != cell.enabled:
            raise InvalidRequest(
                f"{cell.scope}/{cell.channel} is set twice, on and off.",
                field=f"preferences[{index}]",
                remedy="Send each cell once.",
            )


def _check_locks(cells: Sequence[PreferenceCell], types: Types) -> None:
    """A blanket ("*" type or channel) may be turned off: what is mandatory in it stays on."""
    categories = types.categories()
    for index, cell in enumerate(cells):
        if cell.enabled or (cell.scope == EVERY and cell.channel == EVERY):
            continue
        members = _facts(types, [] if cell.scope == EVERY else categories.get(cell.scope, [cell.scope]))
        lock = lock_of(members, cell.channel)
        if lock:
            raise Conflict(
                _WHY_LOCKED[lock].format(scope=cell.scope, channel=LABELS.get(cell.channel, cell.channel)),
                field=f"preferences[{index}]",
                code=lock,
                remedy="Leave this cell out; the others can be set.",
            )


_WHY_LOCKED = {
    "mandatory": "{scope} is about the user's security and can't be turned off.",
    "in_app_always_on": "In-app notifications can't be turned off.",
}


def _unknown(index: int, field: str, name: str, known: Iterable[str], otherwise: str) -> InvalidRequest:
    what = "type or category" if field == "type" else field
    return InvalidRequest(
        f"There is no {what} “{name}”.",
        field=f"preferences[{index}].{field}",
        remedy=did_you_mean(name, known) or otherwise,
        code=f"unknown_{field}",
    )


def _facts(types: Types, names: Iterable[str]) -> list[TypeFacts]:
    return [facts for facts in map(types.facts, names) if facts is not None]


def _conflict_target() -> list[str] | None:
    """MySQL takes no target: any unique key counts there."""
    features = connections[router.db_for_write(PreferenceRow)].features
    return ["user", "scope", "channel"] if features.supports_update_conflicts_with_target else None
