"""What operators set for a provider account while it runs: another rate, a pause (contract §4; docs/runbook.md).

The rows are kept in SQL; workers read them from one hash in Redis, inside the scripts of bucket and breaker: felt at
the next burst, without a call of its own. The hash carries the version of the rows it was made from, so an older one
never replaces a newer; beat makes it anew after a wipe.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Max, QuerySet

from delivery.models import AccountSetting, Control
from delivery.providers.registry import account_names, accounts_of
from foundation.clock import now_ms
from foundation.control_plane import control_plane, one_transaction
from foundation.errors import InvalidRequest
from foundation.redis import Unreachable, get_redis, key

SETTINGS = ("accounts", "settings")
HOLD = "hold"
_RATE, _PAUSED, _VERSION = "rate:", "paused:", "version"

_PUBLISH = """
if (tonumber(redis.call('HGET', KEYS[1], 'version')) or 0) >= tonumber(ARGV[2]) then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], unpack(ARGV))
return 1
"""

log = structlog.get_logger(__name__)


def set_rate(account: str, rate: int | None, *, why: str = "", by: str = "") -> None:
    """Gives `account` another rate (messages/s; 0: no limit), None its own again. Felt by every worker at once.

    Raises InvalidRequest for an account that isn't there or a negative rate, ControlPlaneUnavailable.
    """
    if rate is not None and rate < 0:
        raise InvalidRequest("a rate is 0 (no limit) or more", field="rate", remedy="Give messages per second.")
    change(account, by=by, rate=rate, why=why)


def pause(account: str, why: str, *, by: str = "") -> None:
    """Nothing more is sent over `account` until `resume`. Raises InvalidRequest, ControlPlaneUnavailable."""
    change(account, by=by, paused=True, why=why)


def resume(account: str, *, why: str = "", by: str = "") -> None:
    """Ends an operator's pause. Raises InvalidRequest, ControlPlaneUnavailable."""
    change(account, by=by, paused=False, why=why)


def publish_anew() -> None:
    """Puts the rows where workers read them, if Redis was emptied. Raises what `publish` does."""
    if not get_redis().exists(key(*SETTINGS)):
        publish()


def publish() -> None:
    """Puts the rows where workers read them. Raises ControlPlaneUnavailable, redis.ConnectionError."""
    with control_plane():
        rows = list(AccountSetting.objects.all())
        controls = list(Control.objects.all())
    # The sum, not the newest: a change that is committed after a later one still makes a version of its own.
    version = sum(row.changed_at for row in rows) + sum(row.at for row in controls)
    fields: list[Any] = [_VERSION, version or 1, *_held(controls)]
    for row in rows:
        if row.rate is not None:
            fields += [_RATE + row.account, row.rate]
        if row.paused:
            fields += [_PAUSED + row.account, row.why]
    _script()(keys=[key(*SETTINGS)], args=fields)


def _held(controls: Iterable[Control]) -> Iterator[str]:
    """Fields of what is held back (delivery/controls.py). A paused channel pauses all its accounts."""
    for row in controls:
        if not row.mode:
            continue
        yield from (f"{HOLD}:{row.kind}:{row.name}", f"{row.mode} {row.why}")
        if (row.kind, row.mode) == (Control.Kind.CHANNEL, Control.Mode.PAUSED):
            for account in accounts_of(row.name):
                yield from (_PAUSED + account, f"channel {row.name}: {row.why}")


def rows() -> QuerySet[AccountSetting]:
    """A row for each account there is, made where there is none."""
    names = account_names()
    with control_plane():
        AccountSetting.objects.bulk_create([AccountSetting(account=name) for name in names], ignore_conflicts=True)
    return AccountSetting.objects.filter(account__in=names)


def rate_field(account: str) -> str:
    """The hash's field with the rate that was set."""
    return _RATE + account


def paused_field(account: str) -> str:
    """The hash's field that is there while the account is paused."""
    return _PAUSED + account


def rate_set(given: Mapping[bytes, bytes], account: str) -> int | None:
    """The rate that was set for `account`, by the hash as it was read; None: its own."""
    rate = given.get(rate_field(account).encode())
    return None if rate is None else int(rate)


def why_paused(given: Mapping[bytes, bytes], account: str) -> str | None:
    """Why an operator paused `account`, by the hash as it was read; None if nobody did."""
    why = given.get(paused_field(account).encode())
    return None if why is None else why.decode()


def rates_set() -> dict[str, int]:
    """The accounts whose rate was set, as workers see it; none while Redis is away."""
    try:
        given: Any = get_redis().hgetall(key(*SETTINGS))
    except Unreachable:
        return {}
    found = {account: rate_set(given, account) for account in account_names()}
    return {account: rate for account, rate in found.items() if rate is not None}


@one_transaction
def change(account: str, *, by: str, **values: Any) -> None:
    """Sets fields of the account's row (`rate`, `paused`, `why`). Raises InvalidRequest, ControlPlaneUnavailable."""
    if account not in account_names():
        known = ", ".join(account_names())
        raise InvalidRequest(f"no such account: {account}", field="account", remedy=f"One of {known}.")
    values |= {"changed_at": next_change(), "changed_by": by}
    AccountSetting.objects.update_or_create(account=account, defaults=values)
    transaction.on_commit(publish_soon)


def next_change() -> int:
    """The time (ms) of a change: later than that of any before, so that versions grow. Inside a transaction."""
    newest = AccountSetting.objects.aggregate(at=Max("changed_at"))["at"] or 0
    held = Control.objects.aggregate(at=Max("at"))["at"] or 0
    return max(now_ms(), newest + 1, held + 1)


def publish_soon() -> None:
    """Puts the rows where workers read them; with Redis away the next tick of beat does."""
    try:
        publish()
    except Unreachable as error:
        log.warning("account settings are felt once Redis is back", why=str(error))


@cache
def _script() -> Any:
    return get_redis().register_script(_PUBLISH)
