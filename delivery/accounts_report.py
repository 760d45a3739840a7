"""The provider accounts as operators see them: what is written down, what was set, how each stands."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from delivery import account_settings, breaker, sidebyside
from delivery.providers.accounts import accounts
from delivery.providers.kept import KeptProvider
from delivery.providers.registry import account_names, get_provider, rate_of
from foundation.errors import InvalidRequest, PlatformError

CHECK_PATIENCE_S = 15.0


class AccountStanding(msgspec.Struct, frozen=True, kw_only=True):
    """One account. `rate` is what it may take now (messages/s, 0: no limit), `own_rate` what is written down.

    `share` is what it gets of its traffic (0 to 1), `state` its breaker's word, `paused` why it is paused.
    """

    account: str
    channel: str
    provider: str
    order: int
    weight: int
    rate: int
    own_rate: int
    share: float
    state: str
    wait_ms: int
    paused: str


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What a check of an account found, in a sentence."""

    account: str
    well: bool
    says: str


def standings() -> list[AccountStanding]:
    """All accounts, as the file has them in order."""
    written = {account.name: account for account in accounts()}
    rates = account_settings.rates_set()
    found: list[AccountStanding] = []
    for name, standing in breaker.standings(account_names()).items():
        account = written.get(name)
        found.append(
            AccountStanding(
                account=name,
                channel=get_provider(name).channel,
                provider=account.provider if account else "sandbox",
                order=account.order if account else 0,
                weight=account.weight if account else 1,
                rate=rates.get(name, rate_of(name)),
                own_rate=rate_of(name),
                share=round(standing.share, 2),
                state=standing.state,
                wait_ms=standing.wait_ms,
                paused=standing.why,
            )
        )
    return found


def check(names: Collection[str] = ()) -> list[Checked]:
    """Connects by each account (of `names`; all without any), side by side, and sends nothing.

    Raises InvalidRequest for a name that isn't there, Misconfigured where the accounts' file can't be read.
    """
    accounts()
    known = account_names()
    unknown = [name for name in names if name not in known]
    if unknown:
        raise InvalidRequest(f"no such account: {unknown[0]}", field="account", remedy=f"One of {', '.join(known)}.")
    questions = {name: _question(name) for name in names or known}
    return [_found(name, answer) for name, answer in sidebyside.ask(questions, CHECK_PATIENCE_S).items()]


def _question(name: str) -> sidebyside.Question:
    provider = get_provider(name)
    if isinstance(provider, KeptProvider):
        return provider.check
    return lambda: f"{name}: the sandbox takes everything and sends nothing."


def _found(name: str, answer: object) -> Checked:
    if isinstance(answer, PlatformError):
        says = str(answer)
    elif isinstance(answer, Exception):
        says = f"the check failed with {type(answer).__name__}: {answer}"
    else:
        return Checked(account=name, well=True, says=_named(name, str(answer)))
    return Checked(account=name, well=False, says=_named(name, says))


def _named(name: str, says: str) -> str:
    return says if name in says else f"{name}: {says}"
