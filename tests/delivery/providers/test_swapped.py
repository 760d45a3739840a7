"""Another provider for a channel is another file: the same notification through the whole stage, no code between."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from delivery import sending
from foundation.clock import now_ms
from notifications.records import Outcome
from tests.delivery.channel_records import record
from tests.delivery.conftest import DATABASES
from tests.simulators.ses import SECRET, SESSimulator
from tests.simulators.smtp import PASSWORD, SMTPSimulator

pytestmark = [pytest.mark.django_db(transaction=True, databases=DATABASES), pytest.mark.usefixtures("servers")]


@pytest.fixture
def simulators(monkeypatch) -> Iterator[dict[str, SESSimulator | SMTPSimulator]]:
    monkeypatch.setenv("SES_SIMULATOR_SECRET", SECRET)
    monkeypatch.setenv("SMTP_SIMULATOR_PASSWORD", PASSWORD)
    with SESSimulator() as ses, SMTPSimulator() as smtp:
        yield {"ses": ses, "smtp": smtp}


@pytest.fixture
def use(settings, tmp_path, simulators):
    """Says which provider carries email, as an operator does: in the file that PROVIDERS names."""

    def write(provider: str) -> None:
        path = tmp_path / f"{provider}.toml"
        path.write_text(account_file(provider, simulators[provider].options()))
        settings.PROVIDERS = str(path)

    return write


def account_file(provider: str, options: dict[str, object]) -> str:
    head = f'[[account]]\nname = "mail-{provider}"\nprovider = "{provider}"\nchannel = "email"\nrate = 100\n'
    return head + "[account.options]\n" + "".join(f"{name} = {toml(value)}\n" for name, value in options.items())


def toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str | Path) else str(value)


def deliver(one):
    now = now_ms()
    return sending.deliver(one.channel, [(one, False)], deadline=now + 10_000, started=now)


def outcomes(delivered):
    return [(each.status, each.provider) for each in delivered.reports if isinstance(each, Outcome)]


def test_the_same_notification_goes_by_whichever_provider_the_file_names(use, simulators):
    for provider in ("ses", "smtp"):
        use(provider)
        assert outcomes(deliver(record("ann@example.com"))) == [("sent", f"mail-{provider}")]
    for simulator in simulators.values():
        (got,) = simulator.script.received
        assert got.address == "ann@example.com"


def test_a_file_written_anew_is_felt_at_the_next_batch(use, simulators, settings):
    use("ses")
    deliver(record("ann@example.com"))
    Path(settings.PROVIDERS).write_text(account_file("smtp", simulators["smtp"].options()))
    deliver(record("ann@example.com"))
    assert [len(each.script.received) for each in simulators.values()] == [1, 1]
