"""Which account a send goes over, of several that could carry it (docs/decisions/0018-failover.md). Pure.

Each account keeps the sends whose point on a line of its own lies below its share; of those that keep a send, the ones
with the lowest `order` share it by `weight`. So the same send comes to the same account as long as shares stand, an
account that loses some of its share loses just those sends, and gets back the same ones.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from hashlib import blake2b

from delivery.providers.accounts import Account


def choose(
    accounts: Sequence[Account], shares: Mapping[str, float], key: str, *, without: Collection[str] = ()
) -> str | None:
    """The account for the send `key` (its id), None where all are shut.

    `shares`: by account, from 0 (shut) to 1 (all that is its own); `without`: those that certainly didn't take it,
    which get it only where no other can. A weight of 0 gets what no other can take.
    """
    able = [account for account in accounts if shares.get(account.name, 1.0) > 0]
    fresh = [account for account in able if account.name not in without] or able
    weighted = [account for account in fresh if account.weight] or fresh
    keeping = [each for each in weighted if _point(key, each.name, "keeps") < shares.get(each.name, 1.0)]
    candidates = keeping or weighted
    if not candidates:
        return None
    first = min(account.order for account in candidates)
    return max(
        (account for account in candidates if account.order == first),
        key=lambda account: (_score(key, account), account.name),
    ).name


def _score(key: str, account: Account) -> float:
    """Rendezvous hashing by weight: the highest of an order has it."""
    return -max(account.weight, 1) / math.log(_point(key, account.name, "scores"))


def _point(key: str, account: str, line: str) -> float:
    """A point of the line between 0 and 1, both left out; the same for the same key."""
    drawn = blake2b(f"{line}:{account}:{key}".encode(), digest_size=6).digest()
    return (int.from_bytes(drawn, "big") + 1) / (2**48 + 2)
