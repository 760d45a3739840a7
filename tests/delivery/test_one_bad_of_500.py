"""One bad recipient among 500, through the delivery stage and the unmodified libraries: 499 are sent, once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from delivery import sending
from delivery.sending import Delivered
from foundation.clock import now_ms
from notifications import reports
from notifications.records import Outcome
from tests.delivery.channel_records import record, track_everything
from tests.delivery.conftest import DATABASES
from tests.simulators import ses, twilio
from tests.simulators.smtp import SMTPSimulator

pytestmark = [pytest.mark.django_db(transaction=True, databases=DATABASES), pytest.mark.usefixtures("servers")]

COUNT, BAD = 500, 123


class Case(NamedTuple):
    """A provider, who speaks for it, the address of the n-th, what it says to the bad one, and what a call may take.

    Twilio's batch has one time-out, SES and SMTP have one a mail.
    """

    channel: str
    simulator: Callable[[], Any]
    address: Callable[[int], str]
    code: str
    error: str
    timeout_s: float = 4.0


CASES = {
    "smtp": Case("email", SMTPSimulator, lambda n: f"u{n}@example.com", "550 5.1.1", "permanent_address"),
    "ses": Case("email", ses.SESSimulator, lambda n: f"u{n}@example.com", "MessageRejected", "permanent_message"),
    "twilio": Case("sms", twilio.TwilioSimulator, lambda n: f"+4915110000{n:03d}", "21211", "permanent_address", 40.0),
}


@contextmanager
def account_at(provider: str, folder: Path, settings: Any) -> Iterator[Any]:
    """The provider's simulator, and a file with the one account that leads to it."""
    case = CASES[provider]
    with case.simulator() as server:
        options = "\n".join(f"{name} = {value!r}" for name, value in server.options().items())
        file = folder / f"{provider}.toml"
        file.write_text(
            f'[[account]]\nname = "{provider}-500"\nprovider = "{provider}"\nchannel = "{case.channel}"\nrate = 0\n'
            f"[account.options]\n{options}\n"
        )
        settings.PROVIDERS = str(file)
        yield server


def deliver(channel: str, items: list[tuple[Any, bool]]) -> Delivered:
    now = now_ms()
    return sending.deliver(channel, items, deadline=now + 60_000, started=now)


@pytest.mark.parametrize("provider", CASES)
def test_the_others_go_out_once_also_when_the_batch_comes_again(provider, tmp_path, settings, monkeypatch):
    monkeypatch.setenv("SES_SIMULATOR_SECRET", ses.SECRET)
    monkeypatch.setenv("TWILIO_SIMULATOR_TOKEN", twilio.TOKEN)
    case = CASES[provider]
    settings.PROVIDER_TIMEOUT_S = case.timeout_s
    with account_at(provider, tmp_path, settings) as server:
        bad = case.address(BAD)
        server.script.answer(case.code, address=f"{bad.removeprefix('+')}$", times=None)
        records = [record(case.address(n), channel=case.channel) for n in range(COUNT)]

        first = deliver(case.channel, [(each, False) for each in records])
        reports.produce(first.reports)
        track_everything()
        deliver(case.channel, [(each, True) for each in records])

        sent = [each.status for each in first.reports if isinstance(each, Outcome)]
        assert (sent.count("sent"), sent.count("failed")) == (COUNT - 1, 1)
        [failure] = first.failures
        assert [(one.send.address, one.error) for one in failure.failed] == [(bad, case.error)]
        received = [each.address for each in server.script.received]
        assert sorted(received) == sorted(case.address(n) for n in range(COUNT))
