"""The suppression list: addresses that nothing goes to, whoever they belong to; every change is kept with its reason.

Whole batches in a few statements: bounces come in bursts, and imports by the thousand.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TypeVar

import msgspec

from foundation.control_plane import one_transaction
from foundation.errors import InvalidRequest
from preferences.changing import changing
from preferences.contact_points import check_email, check_phone, check_token
from preferences.models import SUPPRESSIBLE, Suppression, SuppressionChange
from preferences.signals import owners_of

ADDED, REMOVED = SuppressionChange.Action.ADDED, SuppressionChange.Action.REMOVED
NOTE_MAX = 300
ADDRESSES_A_STATEMENT = 500

T = TypeVar("T")

_CHECKS = {"email": check_email, "sms": check_phone, "push": check_token}
_CHANNELS = tuple(name for name, _ in SUPPRESSIBLE)


class Entry(msgspec.Struct, frozen=True):
    """An address to be suppressed on a channel, and why: a `Suppression.Reason`, and a note in words."""

    address: str
    channel: str
    reason: str = Suppression.Reason.MANUAL
    note: str = ""


def checked(entry: Entry) -> Entry:
    """`entry` with its address in the form it is compared in. Raises InvalidRequest with field and remedy."""
    if entry.channel not in _CHECKS:
        raise InvalidRequest(
            f"“{entry.channel}” can't be suppressed.", field="channel", remedy=f"Use one of {', '.join(_CHANNELS)}."
        )
    if entry.reason not in Suppression.Reason.values:
        raise InvalidRequest(
            f"“{entry.reason}” is no reason.",
            field="reason",
            remedy=f"Use one of {', '.join(Suppression.Reason.values)}; `note` takes words.",
        )
    if len(entry.note) > NOTE_MAX:
        raise InvalidRequest("The note is too long.", field="note", remedy=f"Use up to {NOTE_MAX} characters.")
    address = _CHECKS[entry.channel](entry.address, "address")
    if len(address) > (Suppression._meta.get_field("address").max_length or 0):
        raise InvalidRequest("The address is too long.", field="address", remedy="Remove the device instead.")
    return Entry(address, entry.channel, entry.reason, entry.note)


def add(entries: Iterable[Entry], *, by: str) -> int:
    """Puts these addresses (checked ones) on the list, for good; how many are new.

    Who is on it stays as he is, but for a STOP, which a START takes back: whatever else is told of that address holds
    against a START too. Felt at once: raises ControlPlaneUnavailable, and `foundation.redis.Unreachable` where caches
    can't be told.
    """
    wanted: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        name = (entry.channel, entry.address)
        if name not in wanted or _is_harder(entry, wanted[name].reason):
            wanted[name] = entry
    return sum(_add(chunk, by) for chunk in _chunks(list(wanted.values())))


def remove(
    addresses: Collection[tuple[str, str]], *, by: str, note: str, only: str | None = None
) -> list[tuple[str, str]]:
    """Takes (address, channel) off the list, or of them those with the reason `only`; which were on it.

    Raises as `add` does.
    """
    return [gone for chunk in _chunks(sorted(addresses)) for gone in _remove(chunk, by, note, only)]


@one_transaction
def _remove(addresses: Sequence[tuple[str, str]], by: str, note: str, only: str | None) -> list[tuple[str, str]]:
    rows = [row for row in _rows(addresses) if only is None or row.reason == only]
    with changing(*owners_of([row.address for row in rows])):
        gone = Suppression.objects.filter(pk__in=[row.pk for row in rows])
        gone._raw_delete(gone.db)  # one statement; `delete()` would tell each row's owners one by one
        _keep(REMOVED, [Entry(row.address, row.channel, row.reason, note) for row in rows], by)
    return [(row.address, row.channel) for row in rows]


@one_transaction
def _add(entries: Sequence[Entry], by: str) -> int:
    there = {(row.address, row.channel): row for row in _rows([(one.address, one.channel) for one in entries])}
    fresh = [one for one in entries if (one.address, one.channel) not in there]
    known = [(one, row) for one in entries if (row := there.get((one.address, one.channel))) is not None]
    harder = [(one, row) for one, row in known if _is_harder(one, row.reason)]
    for entry, row in harder:
        row.reason, row.note = entry.reason, entry.note
    with changing(*owners_of([entry.address for entry in fresh])):
        Suppression.objects.bulk_create([_row(entry) for entry in fresh], ignore_conflicts=True)
        Suppression.objects.bulk_update([row for _, row in harder], ["reason", "note"])
        _keep(ADDED, [*fresh, *(entry for entry, _ in harder)], by)
    return len(fresh)


def _is_harder(entry: Entry, than: str) -> bool:
    return than == Suppression.Reason.STOP and entry.reason != Suppression.Reason.STOP


def _rows(addresses: Collection[tuple[str, str]]) -> list[Suppression]:
    pairs = set(addresses)
    found = Suppression.objects.filter(address__in=[address for address, _ in pairs])
    return [row for row in found if (row.address, row.channel) in pairs]


def _row(entry: Entry) -> Suppression:
    return Suppression(address=entry.address, channel=entry.channel, reason=entry.reason, note=entry.note)


def _keep(action: str, entries: Sequence[Entry], by: str) -> None:
    SuppressionChange.objects.bulk_create(
        [
            SuppressionChange(
                address=entry.address,
                channel=entry.channel,
                action=action,
                reason=entry.reason,
                note=entry.note,
                by=by,
            )
            for entry in entries
        ]
    )


def _chunks(entries: Sequence[T]) -> Iterable[Sequence[T]]:
    return (entries[at : at + ADDRESSES_A_STATEMENT] for at in range(0, len(entries), ADDRESSES_A_STATEMENT))
